/** The components to sign in. Their behaviour and markup are those of every kit; their parts are slots. */
import type { LoginReply } from '@cloakroom/client'
import { createRequireRecent, createSignIn, createSignUp, createUserMenu, type OwnMessages, type PendingSignup } from '@cloakroom/client/kit'
import { defineComponent, type PropType, type SlotsType } from 'vue'
import { useKit } from './composables.js'
import { useModel } from './view.js'

/** Texts of one component, in place of those of the plugin. */
const MESSAGES = { type: Object as PropType<OwnMessages>, default: () => ({}) }
const TEXT = { type: String, default: undefined }
/** Declares an event with the types of what it tells. */
const event = <Told extends unknown[]>() => null as unknown as (...told: Told) => boolean

/** The sign-in form, with providers and the ways to the other pages. It navigates nowhere: the guard does when the session changes. */
export const SignIn = defineComponent({
  name: 'CloakroomSignIn',
  props: {
    messages: MESSAGES,
    /** The only account that may sign in here; then the form does not ask for an address. */
    account: TEXT,
    /** The address at the start. */
    email: TEXT,
    /** The path of this site to go to after a trip to a provider. It is `next` of the address by default, then the home page. */
    next: TEXT,
  },
  emits: {
    /** Somebody is signed in. */
    signedIn: event<[reply: LoginReply]>(),
    /** The server needs something more, such as a second step: `reply.next` says what. */
    needs: event<[reply: LoginReply]>(),
    /** An error has appeared, or the last one is gone. */
    failed: event<[isFailed: boolean]>(),
    /** Somebody has left the field for the address. */
    'update:email': event<[email: string]>(),
  },
  slots: Object as SlotsType<{
    /** The way to a new password, beside the label of the password. */
    forgot: Record<string, never>
    /** More buttons, below "Sign in". */
    actions: Record<string, never>
    /** The mark of a provider, in its button. */
    mark: { provider: string }
    /** The way to a new account; by default where signup is open. */
    below: Record<string, never>
  }>,
  setup(props, { emit, slots, expose }) {
    const model = createSignIn(useKit(), () => props, () => ({
      signedIn: (reply) => emit('signedIn', reply),
      needs: (reply) => emit('needs', reply),
      failed: (isFailed) => emit('failed', isFailed),
      address: (email) => emit('update:email', email),
    }))
    expose({ focus: model.focus })
    return useModel({ model, props, slots })
  },
})

/** The form for a new account, then the code of the email. It navigates nowhere: the guard does when the session changes. */
export const SignUp = defineComponent({
  name: 'CloakroomSignUp',
  props: {
    messages: MESSAGES,
    /** The address at the start. */
    email: TEXT,
    /** The path of this site to go to after a trip to a provider. It is `next` of the address by default, then the home page. */
    next: TEXT,
    /** False when another page asks for the code, after `sent`. */
    asksForCode: { type: Boolean, default: true },
  },
  emits: {
    /** The email is on its way, whether or not the address has an account. */
    sent: event<[pending: PendingSignup]>(),
    /** The address is proven, and its owner signed in. */
    signedIn: event<[reply: LoginReply]>(),
    /** The server needs something more: `reply.next` says what. */
    needs: event<[reply: LoginReply]>(),
    /** The server takes no new accounts. */
    closed: event<[]>(),
    /** An error has appeared, or the last one is gone. */
    failed: event<[isFailed: boolean]>(),
  },
  slots: Object as SlotsType<{
    /** Content between the fields and the button, such as the terms. */
    terms: Record<string, never>
    /** The mark of a provider, in its button. */
    mark: { provider: string }
    /** The way to the sign-in page. */
    below: Record<string, never>
  }>,
  setup(props, { emit, slots }) {
    const model = createSignUp(useKit(), () => props, () => ({
      sent: (pending) => emit('sent', pending),
      signedIn: (reply) => emit('signedIn', reply),
      needs: (reply) => emit('needs', reply),
      closed: () => emit('closed'),
      failed: (isFailed) => emit('failed', isFailed),
    }))
    return useModel({ model, props, slots })
  },
})

/** A button with the address of who is signed in. It opens the way to the account and to sign out. Others get a link to sign in. */
export const UserMenu = defineComponent({
  name: 'CloakroomUserMenu',
  props: { messages: MESSAGES },
  slots: Object as SlotsType<{
    /** The content of the button; the address by default. */
    label: { email: string }
    /** Content above the items; the address by default. */
    head: { email: string }
    /** Items before "Sign out", with the attributes of `item`; the way to the account by default. */
    items: { item: Record<string, unknown> }
    /** The mark of "Sign out". */
    signOutMark: Record<string, never>
    /** Shown to who is signed out; a link by default. */
    signedOut: Record<string, never>
  }>,
  setup: (props, { slots }) => useModel({ model: createUserMenu(useKit()), props, slots }),
})

/**
 * The dialog that asks for the password while a request waits for fresh proof of identity. It is once on the page, and shows itself
 * when it is needed.
 */
export const RequireRecent = defineComponent({
  name: 'CloakroomRequireRecent',
  props: {
    messages: MESSAGES,
    /** Returns the page that starts the trip to a provider, in a new tab, for accounts without a password; ours by default. */
    proofPath: { type: Function as PropType<(provider: string) => string>, default: undefined },
  },
  slots: Object as SlotsType<{
    /** The page below the dialog. */
    default: Record<string, never>
  }>,
  setup: (props, { slots }) => useModel({ model: createRequireRecent(useKit()), props, slots }),
})
