/** Loads the style sheet of the components where a test asks for it. Without it, the page is as the browser shows plain HTML. */
export async function applyLook(): Promise<void> {
  if (sessionStorage.getItem('look') === 'themed') await import('./theme.css')
}
