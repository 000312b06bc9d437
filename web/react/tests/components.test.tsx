import { createElement, StrictMode, type ComponentType } from 'react'
import { createRoot } from 'react-dom/client'
import { describeComponents } from '../../client/tests/components'
import { CloakroomProvider, createCloakroom, RequireRecent, SignIn, SignUp, UserMenu } from '../src/index'

const COMPONENTS = { SignIn, SignUp, UserMenu, RequireRecent }

describeComponents('React', ({ server, component, props, slots }) => {
  const place = document.body.appendChild(document.createElement('div'))
  const root = createRoot(place)
  const { default: children, ...filled } = slots
  root.render(
    <StrictMode>
      <CloakroomProvider cloakroom={createCloakroom({ client: server.client() })}>
        {createElement(COMPONENTS[component] as ComponentType<object>, { ...props, slots: filled, children } as object)}
      </CloakroomProvider>
    </StrictMode>,
  )
  return () => root.unmount()
})
