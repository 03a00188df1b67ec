// The way into the Bridge: who is logged in, which screen belongs to the address (the routes are Keptn's), and links.

import { APIError, loadSession, logOut, redeem, session, unreachable, whenLoggedOut } from './api.js'
import { patch } from './dom.js'
import * as live from './live.js'
import { Page, skeleton } from './page.js'
import { failure } from './parts.js'
import { frame, main, markPlace, showLogin } from './shell.js'

/// A path below /bridge, `:name` for what differs, and the module in screens/ that shows it. The first that fits counts.
const routes = [
  ['dashboard', 'dashboard'],
  ['create/project', 'createproject'],
  ['approvals', 'approvals'],
  ['about', 'about'],
  ['project/:project', 'environment'],
  ['project/:project/environment', 'environment'],
  ['project/:project/environment/stage/:stage', 'environment'],
  ['project/:project/compare', 'compare'],
  ['project/:project/sequence', 'sequences'],
  ['project/:project/sequence/:context', 'sequence'],
  ['project/:project/sequence/:context/event/:event', 'sequence'],
  ['project/:project/sequence/:context/stage/:stage', 'sequence'],
  ['project/:project/service', 'services'],
  ['project/:project/service/:service', 'service'],
  ['project/:project/service/:service/context/:context', 'service'],
  ['project/:project/service/:service/context/:context/stage/:stage', 'service'],
  ['evaluation/:context', 'evaluation'],
  ['evaluation/:context/:place', 'evaluation'],
  ['project/:project/settings', 'settings'],
  ['project/:project/settings/project', 'settings'],
  ['project/:project/settings/services', 'settingsservices'],
  ['project/:project/settings/services/:action', 'settingsservices'],
  ['project/:project/settings/services/edit/:service', 'settingsservices'],
  ['project/:project/settings/files', 'files'],
  ['project/:project/settings/uniform', 'integrations'],
  ['project/:project/settings/uniform/integrations', 'integrations'],
  ['project/:project/settings/uniform/integrations/:integration', 'integration'],
  ['project/:project/settings/uniform/integrations/:integration/subscriptions/:subscription', 'subscription'],
  ['project/:project/settings/uniform/integrations/:integration/subscriptions/:subscription/edit', 'subscription'],
  ['project/:project/settings/uniform/secrets', 'secrets'],
  ['project/:project/settings/uniform/secrets/:action', 'secrets'],
  ['problems', 'problems'],
  ['statistics', 'statistics'],
  ['tokens', 'tokens'],
  ['trace/:context', 'trace'],
  ['trace/:context/:place', 'trace'],
].map(([path, screen]) => ({ path, parts: path.split('/'), screen }))

let page = null
let place = ''
let address = ''

function find(path) {
  const given = path.split('/').filter(Boolean)
  for (const route of routes) {
    if (route.parts.length !== given.length) continue
    const params = {}
    const fits = route.parts.every((part, index) => {
      if (!part.startsWith(':')) return part === given[index]
      try { params[part.slice(1)] = decodeURIComponent(given[index]) } catch { return false }
      return true
    })
    if (fits) return { screen: route.screen, params }
  }
  return { screen: 'nowhere', params: {} }
}

/// Goes to an address of the Bridge.
export function navigate(address, { replace = false } = {}) {
  const url = new URL(address, document.baseURI)
  history[replace ? 'replaceState' : 'pushState'](null, '', url)
  show()
}

async function show() {
  const path = location.pathname.replace(/^\/bridge\/?/, '')
  if (path === '') return navigate('dashboard', { replace: true })
  const { screen, params } = find(path)
  const query = Object.fromEntries(new URLSearchParams(location.search))
  const here = JSON.stringify([screen, params])
  address = location.href
  if (page && here === place) {
    page.query = query
    page.reload()
    return
  }
  page?.leave()
  // A dialog belongs to the screen that it was opened on, which the browser's way back may leave.
  for (const open of document.querySelectorAll('dialog')) open.close()
  place = here
  const own = page = new Page(main, params, query, navigate)
  markPlace(screen, params)
  const slow = setTimeout(() => { if (own === page) own.render(skeleton()) }, 150)
  main.setAttribute('aria-busy', 'true')
  try {
    const { show } = await load(screen)
    if (own !== page) return
    // What another screen has left behind must not be patched into this one.
    patch(main)
    main.scrollTo?.(0, 0)
    await show(own)
    if (own.loaders.length === 0) main.setAttribute('aria-busy', 'false')
  } catch (error) {
    if (own !== page) return
    if (!(error instanceof APIError)) console.error(error)
    own.render(failure(error, again))
    main.setAttribute('aria-busy', 'false')
    live.onState((word) => { if (word === 'live') again() }, own.signal)
  } finally {
    clearTimeout(slow)
  }
}

/// The module of a screen. A browser keeps in mind that a module could not be loaded, but only of this address.
let failures = 0
async function load(screen) {
  try {
    return await import(`./screens/${screen}.js${failures ? `?${failures}` : ''}`)
  } catch (error) {
    if (error instanceof SyntaxError) throw error
    failures += 1
    throw unreachable()
  }
}

function again() {
  place = ''
  show()
}

// Links of ours change the screen, not the page; with a key or another button held, the browser does as always.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href]')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const url = new URL(link.href)
  if (url.origin !== location.origin || !url.pathname.startsWith('/bridge/') || link.target || link.hasAttribute('download')) return
  event.preventDefault()
  navigate(url)
  if (page?.root && !location.hash) main.focus({ preventScroll: true })
})
addEventListener('popstate', () => {
  if (page && !page.mayLeave(() => history.back())) history.pushState(null, '', address)
  else show()
})

function leave() {
  live.stop()
  page?.leave()
  page = null
  place = ''
}

async function enter() {
  try {
    await loadSession()
  } catch (error) {
    if (error.status !== 401) document.body.replaceChildren(failure(error, () => location.reload()))
    return
  }
  frame({ logOut: async () => { leave(); await logOut().catch(() => {}); showLogin(enter) } })
  live.start()
  await show()
}

whenLoggedOut((error) => {
  const wasHere = session !== null
  leave()
  showLogin(enter, wasHere ? error.message : '')
})

// The one-time link of `keptn bridge`: its code is behind the hash, which is sent to nobody.
const code = location.hash.match(/^#login=(.+)$/)?.[1]
if (code) {
  history.replaceState(null, '', location.pathname + location.search)
  try { await redeem(code) } catch (error) { showLogin(enter, error.message) }
}
if (!document.querySelector('.login')) await enter()
