import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import globals from 'globals'
import typescript from 'typescript-eslint'

/** Forbids imports whose path matches. */
const forbidImports = (regex, message) => ({ 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] })

export default typescript.config(
  { ignores: ['**/dist/', '**/test-results/', '**/playwright-report/', 'client/src/schema.ts'] },
  js.configs.recommended,
  typescript.configs.strict,
  typescript.configs.stylistic,
  vue.configs['flat/recommended'],
  accessibility.configs['flat/recommended'],
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { parser: typescript.parser },
    },
    rules: {
      // TypeScript knows every name.
      'no-undef': 'off',
      // Interfaces describe functions as methods, and tests pass empty ones.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Pages are named after the flow they belong to, in one word where it is one.
      'vue/multi-word-component-names': 'off',
      'vue/one-component-per-file': 'off',
      // Line breaks are up to the author.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'always' } }],
      // Labels are tied to their fields by id.
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
    },
  },
  // The rooms of the app, as in ARCHITECTURE.md.
  {
    files: ['app/src/ui/**'],
    rules: forbidImports('^@cloakroom/vue$|/(layout|pages|session)/', 'Components of ui/ get what they show from their props.'),
  },
  {
    files: ['app/src/{composables,state}/**'],
    rules: forbidImports('/(layout|pages|session|ui)/', 'Behaviour and state do not depend on components.'),
  },
  {
    files: ['app/src/pages/**'],
    rules: forbidImports('^\\.\\./(?!\\.\\./)', 'A wing imports from no other wing: move what both need to ui/, session/ or composables/.'),
  },
)
