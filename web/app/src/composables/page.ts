import { onMounted, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Router } from 'vue-router'
import { appName } from '../state/app-config'

/** Sets the title of the page: what it is, whose it is, and first of all whether something is wrong. */
export function usePageTitle(title: () => string, hasError: () => boolean = () => false): void {
  const { t } = useI18n()
  watchEffect(() => {
    const whole = t('page_title', { title: title(), app: appName.value })
    document.title = hasError() ? t('error_title', { title: whole }) : whole
  })
}

/** For what takes the place of a page without a change of address: moves the focus there as a change of page would. */
export function useFocusOnHeading(): void {
  onMounted(focusHeading)
}

/** After a change of page, moves the focus to its heading, so that screen readers read on from there. */
export function focusHeadings(router: Router): void {
  router.afterEach((to, from, failure) => {
    if (failure || from.matched.length === 0 || to.path === from.path) return
    requestAnimationFrame(focusHeading)
  })
}

/** Moves the focus to the heading of what is shown. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus()
}
