import type { Client } from '@cloakroom/client'
import {
  AUTHENTICATED,
  createKit,
  createTexts,
  writeStored,
  type Kit,
  type KitPaths,
  type OwnMessages,
  type TextValues,
  type Texts,
} from '@cloakroom/client/kit'
import { createContext, use, useEffect, useMemo, type ReactNode } from 'react'
import { useObservable } from './observable.js'

/** The options of Cloakroom. */
export interface CloakroomOptions {
  /** The result of `createClient()`. Its `onNotAuthenticated` and `onReauthenticationRequired` are handled here. */
  client: Client
  /** The pages that guards and components lead to: `/login`, `/`, `/signup`, `/forgot-password`, `/account` by default. */
  paths?: Partial<KitPaths>
}

/** Cloakroom for one app: the session, and what the guards tell of the page. */
export interface Cloakroom {
  /** All that hooks and components are built on, for code outside of components. */
  readonly kit: Kit
  /** Tells that a page is shown which needs a session, until the returned function is called. Guards do it. */
  holdPrivatePage(): () => void
}

/** Creates Cloakroom for one app. Nothing happens before `<CloakroomProvider>` is on the page. */
export function createCloakroom({ client, paths }: CloakroomOptions): Cloakroom {
  let privatePages = 0
  const kit = createKit({
    client,
    paths,
    onAuthenticated: (authenticated) => writeStored(AUTHENTICATED, authenticated ? 'true' : null),
    onPrivatePage: () => privatePages > 0,
  })
  return {
    kit,
    holdPrivatePage() {
      privatePages += 1
      return () => {
        privatePages -= 1
      }
    },
  }
}

/** The context that the provider gives to hooks and components. */
interface Provided {
  cloakroom: Cloakroom
  texts: Texts
  /** Values that every text may name. */
  values: TextValues
}

const Context = createContext<Provided | null>(null)

/** The props of the provider. */
export interface CloakroomProviderProps {
  /** The result of `createCloakroom()`. */
  cloakroom: Cloakroom
  /** The texts of the components, where they are not the English ones: `german`, or some of your own. */
  messages?: OwnMessages
  /** The texts of the components from a library for translations, in place of `messages`. */
  texts?: Texts
  children?: ReactNode
}

/** Starts the session, and gives it to the hooks and components below. There is one for each app. */
export function CloakroomProvider({ cloakroom, messages, texts, children }: CloakroomProviderProps): ReactNode {
  const { kit } = cloakroom
  useEffect(() => kit.start(), [kit])
  const config = useObservable(kit.config)
  const provided = useMemo(() => {
    const values = { app: config?.app.name ?? 'Cloakroom', count: config?.password.min_length ?? 0 }
    return { cloakroom, values, texts: texts ?? createTexts(messages, () => values) }
  }, [cloakroom, config, messages, texts])
  return <Context value={provided}>{children}</Context>
}

/** Returns what the provider gives. */
export function useProvided(): Provided {
  const provided = use(Context)
  if (!provided) throw new Error('Cloakroom is missing: <CloakroomProvider cloakroom={createCloakroom({ client })}>')
  return provided
}
