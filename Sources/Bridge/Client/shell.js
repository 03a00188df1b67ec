// What stands around every screen: the head with search and user, the places to go, and the login.

import { get, logIn, may, session } from './api.js'
import { h, patch } from './dom.js'
import * as live from './live.js'
import { button, exact, field, icon } from './parts.js'

export const main = h('main', { id: 'main', tabindex: -1 })

/// Where one can go: [path below the project or the Bridge, name, icon, screens that belong to it].
const projectPlaces = [
  ['', 'Environment', 'environment', ['environment', 'compare']],
  ['/service', 'Services', 'service', ['services', 'service']],
  ['/sequence', 'Sequences', 'sequence', ['sequences', 'sequence']],
  ['/settings/project', 'Settings', 'settings', ['settings', 'settingsservices', 'files']],
  ['/settings/uniform/integrations', 'Integrations', 'integration', ['integrations', 'integration', 'subscription']],
  ['/settings/uniform/secrets', 'Secrets', 'secret', ['secrets']],
]
const places = [
  ['dashboard', 'Dashboard', 'dashboard', ['dashboard', 'createproject']],
  ['approvals', 'Approvals', 'approval', ['approvals']],
  ['problems', 'Problems', 'problem', ['problems']],
  ['statistics', 'Statistics', 'statistics', ['statistics']],
  ['tokens', 'Tokens', 'user', ['tokens']],
  ['about', 'About', 'about', ['about']],
]

const trail = h('nav.trail', { 'aria-label': 'Where this is' })
const rail = h('nav.rail', { 'aria-label': 'Places' })
const signal = h('span.live', { role: 'status' })

function markLive(word) {
  const texts = { live: 'live', connecting: 'reconnecting…', off: 'not live' }
  signal.className = `live live-${word}`
  signal.title = word === 'live' ? 'What happens is shown at once' : 'What is shown may be old'
  patch(signal, h('i'), h('span', texts[word]))
}

/// Builds the page around the screen.
export function frame({ logOut }) {
  document.body.replaceChildren(
    h('header.bar',
      h('a.skip', { href: `${location.pathname}#main`, onclick: (event) => { event.preventDefault(); main.focus() } }, 'To the content'),
      h('a.mark', { href: 'dashboard', 'aria-label': 'Keptn, to the dashboard' }, h('img', { src: 'icon.svg', alt: '', width: 24, height: 24 }), h('b', 'Keptn')),
      trail, search(), signal, userMenu(logOut)),
    rail, main, h('div', { id: 'notices', 'aria-live': 'polite' }))
  live.onState(markLive)
  markLive(live.state)
}

/// Says in the head and the rail where one is.
export function markPlace(screen, { project, context }) {
  const path = project && `project/${encodeURIComponent(project)}`
  const item = ([to, name, iconName, screens], base) => h('a', {
    href: base + to, title: name, 'aria-current': screens.includes(screen) ? 'page' : null,
  }, icon(iconName), h('span', name))
  patch(rail,
    project && h('div.group', { 'data-key': 'project' }, projectPlaces.map((place) => item(place, path))),
    h('div.group', { 'data-key': 'all' }, places.map((place) => item(place, ''))))
  showPlace()
  const to = projectPlaces.find(([, , , screens]) => screens.includes(screen))?.[0] ?? ''
  patch(trail, project && [h('span.slash', '/'), h('a.project', { href: path, title: project }, project), switcher(to)],
    context && [h('span.slash', '/'), h('code', { title: context }, context.slice(0, 13))])
}

/// So many projects are offered at once.
const offeredMax = 50

/// The way to the same place of another project; `to` is the place below a project.
function switcher(to) {
  const offer = async (menu) => {
    const { names } = await get('v1/overview/names').catch(() => ({ names: [] }))
    const wanted = menu.querySelector('input').value.trim().toLowerCase()
    const found = names.filter((name) => name.includes(wanted))
    patch(menu.querySelector('.projects'),
      found.slice(0, offeredMax).map((name) => h('a', { href: `project/${encodeURIComponent(name)}${to}`, onclick: (event) => { event.currentTarget.closest('details').open = false } }, name)),
      found.length === 0 && h('p.quiet', 'No project has this name'), found.length > offeredMax && h('p.quiet', `and ${found.length - offeredMax} more`))
  }
  return h('details.switch', {
    ontoggle: ({ currentTarget: menu }) => { if (menu.open) { offer(menu); menu.querySelector('input').focus() } },
    onkeydown: (event) => { if (event.key === 'Escape') event.currentTarget.open = false },
    onfocusout: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false },
  },
  h('summary', { 'aria-label': 'Another project' }, icon('down')),
  h('div.menu', h('input', { type: 'search', placeholder: 'Another project', 'aria-label': 'Filter projects', oninput: (event) => offer(event.target.closest('details')) }),
    h('div.projects')))
}

/// On a phone the places lie in a row that is wider than the screen.
function showPlace() {
  const here = rail.querySelector('[aria-current]')
  if (here) rail.scrollLeft = here.offsetLeft - (rail.clientWidth - here.offsetWidth) / 2
}
new ResizeObserver(showPlace).observe(rail)

// MARK: - Search

function search() {
  const list = h('div.found', { id: 'found', role: 'listbox', 'aria-label': 'Found', hidden: true })
  let chosen = -1
  let asking = null
  const links = () => [...list.querySelectorAll('a')]
  const mark = (index) => {
    chosen = index
    links().forEach((link, number) => link.setAttribute('aria-selected', number === index))
    links()[index]?.scrollIntoView({ block: 'nearest' })
    if (index >= 0) input.setAttribute('aria-activedescendant', links()[index].id)
    else input.removeAttribute('aria-activedescendant')
  }
  const close = () => {
    list.hidden = true
    input.setAttribute('aria-expanded', 'false')
    mark(-1)
  }
  const ask = async () => {
    asking?.abort()
    const text = input.value.trim()
    if (!text) return close()
    asking = new AbortController()
    try {
      const { results } = await get('v1/search', { q: text }, asking.signal)
      patch(list, results.length === 0 ? h('p.quiet', 'Nothing has this name or id')
        : results.map((found, index) => h('a', { href: address(found), id: `found-${index}`, role: 'option', tabindex: -1, onclick: close },
          icon({ project: 'dashboard', service: 'service', sequence: 'sequence' }[found.kind]),
          h('b', found.kind === 'sequence' ? found.context : found.service ?? found.project),
          h('span.quiet', found.kind === 'project' ? 'project' : found.kind === 'service' ? `service in ${found.project}` : `${found.sequence} of ${found.service} in ${found.project}`))))
      list.hidden = false
      input.setAttribute('aria-expanded', 'true')
      mark(results.length > 0 ? 0 : -1)
    } catch {}
  }
  const input = h('input', {
    type: 'search', placeholder: 'Search', 'aria-label': 'Search projects, services and sequences', autocomplete: 'off',
    role: 'combobox', 'aria-controls': 'found', 'aria-expanded': 'false', title: 'Press / to search',
    oninput: ask,
    onblur: () => setTimeout(() => { if (!list.contains(document.activeElement)) close() }, 150),
    onfocus: ask,
    onkeydown: (event) => {
      const count = links().length
      if (event.key === 'ArrowDown' && count) mark((chosen + 1) % count)
      else if (event.key === 'ArrowUp' && count) mark((chosen + count - 1) % count)
      else if (event.key === 'Enter' && chosen >= 0) { links()[chosen].click(); input.blur(); input.value = '' }
      else if (event.key === 'Escape') { close(); input.blur() }
      else return
      event.preventDefault()
    },
  })
  document.onkeydown = (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input, textarea, select, dialog')) return
    event.preventDefault()
    input.focus()
    input.select()
  }
  return h('div.search', icon('search'), input, h('kbd', { 'aria-hidden': 'true' }, '/'), list)
}

function address({ kind, project, service, context }) {
  const path = `project/${encodeURIComponent(project)}`
  if (kind === 'project') return path
  if (kind === 'service') return `${path}?search=${encodeURIComponent(service)}`
  return `${path}/sequence/${encodeURIComponent(context)}`
}

// MARK: - The user

function userMenu(logOut) {
  const readOnly = !may('events:write') && !may('projects:write')
  return h('details.user', {
    onkeydown: (event) => { if (event.key === 'Escape') event.currentTarget.open = false },
    onfocusout: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false },
  },
  h('summary', { 'aria-label': `User ${session.name}` }, icon('user'), h('span', session.name), readOnly && h('span.tag', 'read only')),
  h('div.menu',
    session.issuer ? h('p', 'Logged in as ', h('b', session.name), h('span.quiet', ` by ${new URL(session.issuer).host}`))
      : h('p', 'Logged in with the token ', h('b', session.name)),
    session.projects && h('p.quiet', `Limited to ${session.projects.join(', ')}`),
    session.expiresAt && h('p.quiet', `Until ${exact(session.expiresAt)}`),
    h('div.themes', { role: 'group', 'aria-label': 'Colours' }, ['auto', 'light', 'dark'].map((name) =>
      button(name, (event) => { setTheme(name); markTheme(event.currentTarget.parentElement) }, { kind: 'small', pressed: name === (localStorage.getItem('theme') ?? 'auto') }))),
    h('a', { href: '/api/swagger-ui', target: '_blank' }, 'API and its description'),
    button('Log out', logOut, { kind: 'small' })))
}

function setTheme(name) {
  if (name === 'auto') localStorage.removeItem('theme')
  else localStorage.setItem('theme', name)
  applyTheme()
}

const markTheme = (group) => {
  for (const one of group.children) one.setAttribute('aria-pressed', one.textContent === (localStorage.getItem('theme') ?? 'auto'))
}

export function applyTheme() {
  const name = localStorage.getItem('theme')
  if (name) document.documentElement.dataset.theme = name
  else delete document.documentElement.dataset.theme
}
applyTheme()

// MARK: - Login

/// Asks for a token until one is right, then calls `enter`.
export function showLogin(enter, message = '') {
  for (const open of document.querySelectorAll('dialog')) open.close()
  const problem = h('p.problem', { role: 'alert', hidden: !message }, message)
  const token = h('input', { type: 'password', autocomplete: 'current-password', name: 'token', required: true, spellcheck: 'false' })
  const done = h('button.button.primary', { type: 'submit' }, 'Log in')
  const elsewhere = h('div.elsewhere', { hidden: true })
  document.title = 'Log in · Keptn'
  document.body.replaceChildren(h('main.login',
    h('form', {
      onsubmit: async (event) => {
        event.preventDefault()
        done.disabled = true
        try {
          await logIn(token.value.trim())
          await enter()
        } catch (error) {
          problem.hidden = false
          problem.textContent = error.status === 401 ? 'This is no token of this server.'
            : error.status === 429 ? 'Too many wrong tokens. Wait a few seconds.' : error.message
          done.disabled = false
          token.select()
        }
      },
    },
    h('h1', h('img', { src: 'icon.svg', alt: '', width: 32, height: 32 }), 'Keptn'),
    problem,
    elsewhere,
    field('API token', token),
    done,
    h('p.hint', 'On the server’s machine “keptn bridge” opens this page logged in. The first token lies in the server’s data folder, in the file “token”; “keptn token create” makes others, read-only ones too.'))))
  token.focus()
  // Where the server has an identity provider, people have accounts there rather than tokens.
  get('v1/session/login').then(({ issuer }) => {
    if (!issuer) return
    const to = encodeURIComponent(location.pathname + location.search)
    patch(elsewhere, h('a.button.primary', { href: `/oauth/login?to=${to}` }, `Log in by ${new URL(issuer).host}`), h('p.quiet', 'or'))
    elsewhere.hidden = false
    done.classList.remove('primary')
  }).catch(() => {})
}
