import { onMounted, watchEffect, type InjectionKey } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Router } from 'vue-router'
import { appName } from '../state/app-config'

/** True for the pages of an area that has a frame of its own, such as the account. */
export const IN_AREA: InjectionKey<boolean> = Symbol('in an area')

/** Sets the title of the page: an error first, then the page, then the app. */
export function usePageTitle(title: () => string, hasError: () => boolean = () => false): void {
  const { t } = useI18n()
  watchEffect(() => {
    const whole = t('page_title', { title: title(), app: appName.value })
    document.title = hasError() ? t('error_title', { title: whole }) : whole
  })
}

/** Moves the focus to the heading of a component that replaces a page at the same address. */
export function useFocusOnHeading(): void {
  onMounted(focusHeading)
}

/** Moves the focus to the heading after each change of page, so that screen readers continue there. */
export function focusHeadings(router: Router): void {
  router.afterEach((to, from, failure) => {
    if (failure || from.matched.length === 0 || to.path === from.path) return
    requestAnimationFrame(focusHeading)
  })
}

/** Moves the focus to the heading of the page. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus()
}
