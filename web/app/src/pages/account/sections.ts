import { computed } from 'vue'
import { ACCOUNT } from '../../paths'
import { providers } from '../../state/app-config'
import type { IconName } from '../../ui/BaseIcon.vue'

/** A section of the account area, in the list at its side. */
export interface Section {
  path: string
  /** The key of its name. */
  name: string
  icon: IconName
  /** Pages that belong to it and are not in the list themselves. */
  within?: readonly string[]
}

/** The sections, in the order of the list: a new page of the area is a line here and a route. */
const SECTIONS: readonly (Section & { shown?: () => boolean })[] = [
  { path: ACCOUNT, name: 'account.profile', icon: 'person', within: ['/account/email'] },
  { path: '/account/password', name: 'sign_in.password', icon: 'password' },
  { path: '/account/linked', name: 'linked.title', icon: 'link', shown: () => providers.value.length > 0 },
  { path: '/account/devices', name: 'account.devices', icon: 'devices' },
]

/** The sections that this site has. */
export const sections = computed<readonly Section[]>(() => SECTIONS.filter(({ shown }) => shown?.() ?? true))
