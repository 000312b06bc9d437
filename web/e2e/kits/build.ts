/** Builds the apps that use the components, as somebody else's build does. */
import react from '@vitejs/plugin-react'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions } from 'vite'

/** A kit that has an app here. */
export type Kit = 'vue' | 'react'

/** Builds the app of a kit into a temporary directory. */
export async function buildApp(kit: Kit): Promise<{ directory: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), `cloakroom-${kit}-`))
  await build({
    root: fileURLToPath(new URL(kit, import.meta.url)),
    configFile: false,
    logLevel: 'error',
    plugins: kit === 'react' ? [react()] : [],
    // The sources of the packages.
    resolve: { conditions: ['cloakroom-source', ...defaultClientConditions] },
    define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
    build: { outDir: directory, emptyOutDir: true },
  })
  return { directory, remove: () => rmSync(directory, { recursive: true }) }
}
