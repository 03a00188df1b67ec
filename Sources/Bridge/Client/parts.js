// What screens are made of: icons, states, times, tables, dialogs, and what to say when there is nothing or nothing works.

import { h, svg } from './dom.js'

// MARK: - Icons: 16 × 16, drawn in the colour of the text

const shapes = {
  pass: ['circle', 'M4.6 8.3 7 10.6l4.4-5'],
  fail: ['circle', 'M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2'],
  warning: ['M8 1.8 15 14H1z', 'M8 6.2v3.6M8 11.6v.6'],
  info: ['ring', 'M8 7.2v4M8 4.6v.4'],
  running: ['ring', 'M8 1.5A6.5 6.5 0 0 1 14.5 8'],
  waiting: ['ring', 'M8 4.4V8l2.4 1.6'],
  queued: ['ring', 'M5 8h.1M8 8h.1M11 8h.1'],
  paused: ['ring', 'M6.4 5.6v4.8M9.6 5.6v4.8'],
  approval: ['M8 1 15 8 8 15 1 8z', 'M8 5v3.4M8 10.6v.4'],
  aborted: ['M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z', 'M5 8h6'],
  timedOut: ['ring', 'M5.4 4h5.2L8 8l2.6 4H5.4L8 8z'],
  none: ['dashed'],
  problem: ['M8 1.8 15 14H1z', 'M8 6.2v3.6M8 11.6v.6'],
  dashboard: [null, 'M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z'],
  environment: [null, 'M2 5h4v6H2zM10 2h4v5h-4zM10 9.5h4v4.5h-4zM6 8h2M8 4.5V12M8 4.5h2M8 12h2'],
  service: [null, 'M8 1.5 14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5V15'],
  sequence: [null, 'M2 3.5h7M5 8h7M8 12.5h6'],
  integration: [null, 'M5.5 1.5v4M10.5 1.5v4M3.5 5.5h9V8a4.5 4.5 0 0 1-9 0zM8 12.5v2.5'],
  settings: [null, 'M2 4h7M12.5 4H14M2 12h1.5M7 12h7M9 2.2v3.6h3.4V2.2zM3.6 10.2v3.6H7v-3.6z'],
  secret: [null, 'M3 7.5h10v6.5H3zM5 7.5V5a3 3 0 0 1 6 0v2.5M8 10v1.6'],
  statistics: [null, 'M2 14V2M2 14h12M5 11V8M8.3 11V4.5M11.6 11V6.5'],
  about: ['ring', 'M8 7.2v4M8 4.6v.4'],
  search: [null, 'M11 11l3.5 3.5M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0z'],
  user: [null, 'M11 5a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM2.5 14.5c.6-3 2.8-4.5 5.5-4.5s4.9 1.5 5.5 4.5'],
  theme: [null, 'M8 1.5v13A6.5 6.5 0 0 0 8 1.5zM14.5 8A6.5 6.5 0 1 1 8 1.5'],
  close: [null, 'M3.5 3.5l9 9M12.5 3.5l-9 9'],
  plus: [null, 'M8 2.5v11M2.5 8h11'],
  next: [null, 'M6 3l5 5-5 5'],
  down: [null, 'M3 6l5 5 5-5'],
  link: [null, 'M6.5 3H3v10h10V9.5M9 2.5h4.5V7M13.5 2.5 7 9'],
  play: [null, 'M4 2.5 13 8l-9 5.5z'],
  pause: [null, 'M5 3v10M11 3v10'],
  stop: [null, 'M3.5 3.5h9v9h-9z'],
  branch: [null, 'M4 5v6M4 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12 6c0 3-3 3-8 4.5'],
}

/// A picture without a meaning of its own: the words beside it say the same.
export function icon(name) {
  const [frame, lines] = shapes[name] ?? shapes.none
  const round = { ring: 'ring', circle: 'solid', dashed: 'dashed' }[frame]
  return svg(`svg.icon.icon-${name}`, { viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    round && svg(`circle.${round}`, { cx: 8, cy: 8, r: 6.5 }),
    frame && !round && svg('path.solid', { d: frame }),
    lines && svg('path.lines', { d: lines }))
}

// MARK: - States: a shape, a word, a colour

const states = {
  pass: ['pass', 'passed'], succeeded: ['pass', 'succeeded'], finished: ['pass', 'finished'],
  warning: ['warning', 'warning'], fail: ['fail', 'failed'], failed: ['fail', 'failed'], errored: ['fail', 'errored'],
  info: ['info', 'info'], started: ['running', 'running'], running: ['running', 'running'],
  triggered: ['queued', 'triggered'], waiting: ['waiting', 'waiting'], delayed: ['waiting', 'delayed'],
  held: ['paused', 'held'], paused: ['paused', 'paused'],
  waitingForApproval: ['approval', 'waits for approval'], approval: ['approval', 'waits for approval'],
  aborted: ['aborted', 'aborted'], timedOut: ['timedOut', 'timed out'], problem: ['problem', 'problem'],
  none: ['none', 'none'], unknown: ['none', 'unknown'],
}

/// A state as a badge; `word` replaces the usual word, '' leaves only the shape (said to screen readers all the same).
export function state(name, word) {
  const [kind, usual] = states[name] ?? ['none', name]
  const text = word ?? usual
  return h(`span.state.state-${kind}`, icon(kind), text ? h('span', text) : h('span.unseen', usual))
}

/// The state of a run or an execution: when it has ended, how.
export const runState = ({ state: word, result }, text) =>
  state(word === 'finished' && result ? result : word, text)

const upstreams = { synced: 'pass', ahead: 'warning', diverged: 'fail', unreachable: 'fail' }

/// How a project and its Git upstream stand to each other, in the words of `state`.
export const upstreamState = (upstream) => upstreams[upstream?.state] ?? 'none'

// MARK: - Times and numbers

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const steps = [['year', 31536e6], ['month', 2592e6], ['week', 6048e5], ['day', 864e5], ['hour', 36e5], ['minute', 6e4]]

export function ago(date) {
  const distance = date - Date.now()
  for (const [unit, size] of steps) {
    if (Math.abs(distance) >= size) return relative.format(Math.trunc(distance / size), unit)
  }
  return Math.abs(distance) < 1e4 ? 'just now' : relative.format(Math.trunc(distance / 1e3), 'second')
}

const exactly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
export const exact = (text) => exactly.format(new Date(text))

/// When something was, as people say it; exactly on hover.
export function time(text) {
  const date = new Date(text)
  if (!text || isNaN(date)) return h('span.quiet', '–')
  return h('time', { datetime: text, title: exact(text) }, ago(date))
}

setInterval(() => {
  for (const element of document.querySelectorAll('time')) {
    const text = ago(new Date(element.dateTime))
    if (element.textContent !== text) element.textContent = text
  }
}, 10_000)

/// Milliseconds as 400 ms, 1.5 s, 12 s, 3 min 5 s, 2 h, 3 d 2 h.
export function duration(ms) {
  if (ms < 1e3) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 1e4) return `${(ms / 1e3).toFixed(1)} s`
  const s = Math.round(ms / 1e3)
  if (s < 60) return `${s} s`
  if (s < 3600) return both([Math.floor(s / 60), 'min'], [s % 60, 's'])
  if (s < 86400) return both([Math.floor(s / 3600), 'h'], [Math.floor(s / 60) % 60, 'min'])
  return both([Math.floor(s / 86400), 'd'], [Math.floor(s / 3600) % 24, 'h'])
}

const both = (large, small) => (small[0] === 0 ? large : [...large, ...small]).join(' ')

const whole = new Intl.NumberFormat('en')
const decimal = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 })
export const number = (value) => (Number.isInteger(value) ? whole : decimal).format(value)
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`

/// An artifact's name, short enough to scan: without its registry, a digest cut to its beginning.
export function version(image) {
  if (!image) return h('span.quiet', '–')
  const short = image.split('/').pop().replace(/(sha256[:-][0-9a-f]{8})[0-9a-f]+/, '$1').replace(/[0-9a-f]{40,}/, (x) => x.slice(0, 8))
  return h('span.version', { title: image }, short.split(/(?<=@)/).map((piece) => [piece, h('wbr')]))
}

/// An address that leads out of the Bridge; only as text where a browser could not follow it.
export const link = (address, text = address) => (/^https?:\/\//.test(address)
  ? h('a', { href: address, target: '_blank', rel: 'noreferrer', title: address }, text) : h('code', address))

export const shortID = (id) => h('code.id', { title: id }, id.slice(0, 13))

// MARK: - Layout

/// The head of a screen: title, what stands beside it, buttons.
export const head = (title, beside, ...actions) =>
  h('header.head', h('h1', title), h('div.beside', beside), h('div.actions', actions))

/// A table; on a phone its rows become cards. Columns: [title, (row) => cell, class, {head, sort}]; `key` tells rows
/// apart, `head` stands instead of the title, `sort` is the order: ascending, descending.
export function table(columns, rows, { key, caption, className = '' } = {}) {
  return h(`div.scroll`, { tabindex: 0, role: 'region', 'aria-label': caption ?? 'Table' },
    h('table.list', { class: className || null },
      caption && h('caption.unseen', caption),
      h('thead', h('tr', columns.map(([title, , kind, more]) => h('th', { scope: 'col', class: kind, 'aria-sort': more?.sort }, more?.head ?? (title || h('span.unseen', 'What can be done')))))),
      h('tbody', rows.map((row) => h('tr', { 'data-key': key?.(row) },
        columns.map(([title, cell, kind]) => {
          const shown = cell(row)
          return h('td', { class: [kind, isNothing(shown) && 'nothing'].filter(Boolean).join(' ') || null, 'data-label': title || null }, shown)
        }))))))
}

const isNothing = (shown) => ['–', '', false, null, undefined].includes(shown) || shown.textContent === '–'

/// Back and forth through the pages of a list, where there are several; `page` is the Page, `member` what says in the
/// address where the list begins.
export function pager(page, { totalCount, nextPageKey, pageSize }, count, member = 'from') {
  const offset = Number(page.query[member] ?? 0)
  const go = (to) => page.setQuery({ from: page.query.from ?? null, [member]: to })
  if (totalCount <= count && offset === 0) return null
  const size = pageSize ?? count
  return h('nav.pager', { 'aria-label': 'Pages' },
    h('span.quiet', `${number(offset + 1)}–${number(offset + count)} of ${number(totalCount)}`),
    button('Newer', () => go(Math.max(0, offset - size) || null), { disabled: offset === 0, text: 'Back' }),
    button('Older', () => go(nextPageKey), { disabled: nextPageKey === undefined, text: 'Forward' }))
}

/// What filters a list by name while it is typed; it stands in the address. `page` is the Page.
export const nameFilter = (page, things) => h('input', {
  type: 'search', placeholder: `Filter ${things}`, 'aria-label': `Filter ${things} by name`, value: page.query.search ?? '',
  oninput: (event) => page.setQuery({ search: event.target.value }),
})

/// Nothing there: what it is for, and the command or button that makes some.
export const empty = (title, text, ...more) =>
  h('section.empty', h('h2', title), text && h('p', text), more)

/// A line for the terminal; where it is too long, it goes on below with an option.
export const command = (text) => h('pre.command', { tabindex: 0 }, text.split(/(?= --)/).map((piece) => h('span', piece)))

/// Something failed: cause and remedy.
export const failure = (error, retry) =>
  h('section.failure', { role: 'alert' }, h('h1', icon('fail'), error.status === 404 ? 'Not found' : 'That did not work'),
    h('p', error.message), error.remedy && h('p.quiet', error.remedy), 
    h('div.toolbar', retry && button('Try again', retry), error.status === 404 && h('a.button', { href: 'dashboard' }, 'To the dashboard')))

/// No service in a list of a project's: there is none at all, or none that fits.
export const noService = (project, isFiltered) => (isFiltered ? empty('No service fits', 'Take the filter or the search away to see all.')
  : empty('No service yet', 'A service is what gets delivered. It has files of its own in every stage.', command(`keptn create service SERVICE --project ${project}`)))

// MARK: - Buttons and fields

export function button(name, onclick, { kind = '', disabled = false, text, iconName, title, pressed } = {}) {
  return h('button', { type: 'button', class: `button ${kind}`, onclick, disabled, title, 'aria-pressed': pressed === undefined ? null : String(pressed), 'aria-label': text !== undefined && text !== name ? name : null },
    iconName && icon(iconName), text ?? name)
}

let fieldCount = 0

/// A labelled control; `hint` stands below it. `control` is an input, select or textarea element.
export function field(label, control, hint) {
  const id = (control.id ||= `field-${++fieldCount}`)
  if (hint) control.setAttribute('aria-describedby', `${id}-hint`)
  return h('div.field', h('label', { for: id }, label), control, hint && h('p.hint', { id: `${id}-hint` }, hint))
}

export const select = (options, chosen, onchange, members = {}) =>
  h('select', { onchange: (event) => onchange?.(event.target.value), ...members },
    options.map((option) => {
      const [value, text] = Array.isArray(option) ? option : [option, option]
      return h('option', { value, selected: value === (chosen ?? '') }, text)
    }))

// MARK: - Dialogs and notices

/// Shows a dialog until it is done. `body` gets a function that closes it; `submit` may throw: then its message is shown
/// and the dialog stays.
export function dialog({ title, body, submit, action = 'OK', kind = 'primary', wide = false }) {
  const problem = h('p.problem', { role: 'alert', hidden: true })
  const done = h('button', { type: 'submit', class: `button ${kind}` }, action)
  const close = () => element.close()
  const form = h('form', {
    onsubmit: async (event) => {
      event.preventDefault()
      done.disabled = true
      problem.hidden = true
      try {
        if ((await submit?.(form)) !== false) close()
      } catch (error) {
        problem.textContent = [error.message, error.remedy].filter(Boolean).join(' ')
        problem.hidden = false
      }
      done.disabled = false
    },
  },
  h('header', h('h2', title), button('Close', close, { kind: 'plain', iconName: 'close', text: '' })),
  h('div.body', typeof body === 'function' ? body(close) : body), problem,
  h('footer', submit && button('Cancel', close), submit && done))
  const element = h('dialog', { class: wide ? 'wide' : '', 'aria-label': title, onclose: () => element.remove() }, form)
  document.body.append(element)
  element.showModal()
  form.querySelector('.body input, .body select, .body textarea, footer button[type=submit]')?.focus()
  return element
}

export const confirm = (title, text, action, submit, kind = 'danger') =>
  dialog({ title, body: h('p', text), action, submit, kind })

/// Says something for a moment, to screen readers too.
export function notify(text, kind = 'pass') {
  const notice = h(`div.notice.state-${kind}`, icon(kind), h('span', text))
  document.getElementById('notices').append(notice)
  setTimeout(() => notice.remove(), 6000)
}

/// Runs what a button does; a failure is said and thrown no further.
export async function attempt(body, success) {
  try {
    const value = await body()
    if (success) notify(success)
    return value
  } catch (error) {
    notify([error.message, error.remedy].filter(Boolean).join(' '), 'fail')
  }
}
