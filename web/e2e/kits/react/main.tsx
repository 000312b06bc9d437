import { createClient } from '@cloakroom/client'
import { CloakroomProvider, createCloakroom, RequireRecent, SignIn, SignUp, useClient, UserMenu } from '@cloakroom/react'
import { RequireGuest, RequireSession } from '@cloakroom/react/router'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter, Link, Route, Routes } from 'react-router'
import { applyLook } from '../looks'

const cloakroom = createCloakroom({ client: createClient(), paths: { home: '/reports' } })

function Reports() {
  const client = useClient()
  const [outcome, setOutcome] = useState('')
  async function change() {
    const result = await client.changeEmail('new@example.test')
    setOutcome(result.ok ? 'An email is on its way.' : result.problem.code)
  }
  return (
    <>
      <h1>Reports</h1>
      <button onClick={() => void change()}>Change email</button>
      <p role="status">{outcome}</p>
    </>
  )
}

function App() {
  return (
    <CloakroomProvider cloakroom={cloakroom}>
      <BrowserRouter>
        <header>
          <UserMenu slots={{ items: <Link to="/reports" className="cloakroom-menu-item" role="menuitem" tabIndex={-1}>Reports</Link> }} />
        </header>
        <main>
          <RequireRecent>
            <Routes>
              <Route path="/" element={<h1>Home</h1>} />
              <Route element={<RequireGuest />}>
                <Route path="/login" element={<><h1>Welcome back</h1><SignIn /></>} />
                <Route path="/signup" element={<><h1>Join us</h1><SignUp /></>} />
              </Route>
              <Route element={<RequireSession fallback={<p>One moment…</p>} />}>
                <Route path="/reports" element={<Reports />} />
              </Route>
            </Routes>
          </RequireRecent>
        </main>
      </BrowserRouter>
    </CloakroomProvider>
  )
}

await applyLook()
const place = document.getElementById('app')
if (place) createRoot(place).render(<StrictMode><App /></StrictMode>)
