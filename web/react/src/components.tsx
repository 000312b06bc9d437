/** The components to sign in. Their behaviour and markup are those of every kit; their parts are slots. */
import {
  createRequireRecent,
  createSignIn,
  createSignUp,
  createUserMenu,
  type OwnMessages,
  type PendingSignup,
  type RequireRecentProps as RecentProps,
  type SignInProps as InProps,
  type SignUpProps as UpProps,
} from '@cloakroom/client/kit'
import type { LoginReply } from '@cloakroom/client'
import { useImperativeHandle, type ReactNode, type Ref } from 'react'
import { useModel, type Slots } from './view.js'

/** The props of every component. */
interface Common<Values> {
  /** Texts of one component, in place of those of the provider. */
  messages?: OwnMessages
  /** The parts of the component that are your own. */
  slots?: Slots<Values>
}

/** The props of the sign-in form. */
export interface SignInProps
  extends InProps,
    Common<{
      /** The way to a new password, beside the label of the password. */
      forgot: object
      /** More buttons, below "Sign in". */
      actions: object
      /** The mark of a provider, in its button. */
      mark: { provider: string }
      /** The way to a new account; by default where signup is open. */
      below: object
    }> {
  /** Called when somebody is signed in. */
  onSignedIn?: (reply: LoginReply) => void
  /** Called when the server needs something more, such as a second step: `reply.next` says what. */
  onNeeds?: (reply: LoginReply) => void
  /** Called when an error has appeared, or the last one is gone. */
  onFailed?: (isFailed: boolean) => void
  /** Called when somebody has left the field for the address. */
  onAddress?: (email: string) => void
  ref?: Ref<{ focus(): void }>
}

/** The sign-in form, with providers and the ways to the other pages. It navigates nowhere: the guard does when the session changes. */
export function SignIn({ messages, slots, ref, ...props }: SignInProps): ReactNode {
  const [drawn, model] = useModel({
    create: (kit, latest: () => typeof props) =>
      createSignIn(kit, latest, () => {
        const { onSignedIn: signedIn, onNeeds: needs, onFailed: failed, onAddress: address } = latest()
        return { signedIn, needs, failed, address }
      }),
    props,
    messages,
    slots,
  })
  useImperativeHandle(ref, () => ({ focus: model.focus }), [model])
  return drawn
}

/** The props of the form for a new account. */
export interface SignUpProps
  extends UpProps,
    Common<{
      /** Content between the fields and the button, such as the terms. */
      terms: object
      /** The mark of a provider, in its button. */
      mark: { provider: string }
      /** The way to the sign-in page. */
      below: object
    }> {
  /** Called when the email is on its way, whether or not the address has an account. */
  onSent?: (pending: PendingSignup) => void
  /** Called when the address is proven, and its owner signed in. */
  onSignedIn?: (reply: LoginReply) => void
  /** Called when the server needs something more: `reply.next` says what. */
  onNeeds?: (reply: LoginReply) => void
  /** Called when the server takes no new accounts. */
  onClosed?: () => void
  /** Called when an error has appeared, or the last one is gone. */
  onFailed?: (isFailed: boolean) => void
}

/** The form for a new account, then the code of the email. It navigates nowhere: the guard does when the session changes. */
export function SignUp({ messages, slots, ...props }: SignUpProps): ReactNode {
  const [drawn] = useModel({
    create: (kit, latest: () => typeof props) =>
      createSignUp(kit, latest, () => {
        const { onSent: sent, onSignedIn: signedIn, onNeeds: needs, onClosed: closed, onFailed: failed } = latest()
        return { sent, signedIn, needs, closed, failed }
      }),
    props,
    messages,
    slots,
  })
  return drawn
}

/** The props of the menu. */
export type UserMenuProps = Common<{
  /** The content of the button; the address by default. */
  label: { email: string }
  /** Content above the items; the address by default. */
  head: { email: string }
  /** Items before "Sign out", with the attributes of `item`; the way to the account by default. */
  items: { item: Record<string, unknown> }
  /** The mark of "Sign out". */
  signOutMark: object
  /** Shown to who is signed out; a link by default. */
  signedOut: object
}>

/** A button with the address of who is signed in. It opens the way to the account and to sign out. Others get a link to sign in. */
export function UserMenu({ messages, slots }: UserMenuProps): ReactNode {
  const [drawn] = useModel({ create: (kit) => createUserMenu(kit), props: {}, messages, slots })
  return drawn
}

/** The props of the dialog. */
export interface RequireRecentProps extends RecentProps {
  /** Texts of this component, in place of those of the provider. */
  messages?: OwnMessages
  /** The page below the dialog. */
  children?: ReactNode
}

/**
 * The dialog that asks for the password while a request waits for fresh proof of identity. It is once on the page, and shows itself
 * when it is needed.
 */
export function RequireRecent({ messages, children, ...props }: RequireRecentProps): ReactNode {
  const [drawn] = useModel({ create: (kit) => createRequireRecent(kit), props, messages, slots: { default: children } })
  return drawn
}
