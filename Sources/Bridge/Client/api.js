// The one place that talks to the API. Every failure is an APIError with what the server said.

const base = new URL('/api/', location.href)

export class APIError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }

  /// Whether the same request may well be answered some time later.
  get isPassing() { return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500 }

  /// What to do about it, for people.
  get remedy() {
    if (this.status === 0) return 'The server cannot be reached. Is “keptn server” running? This page tries again by itself.'
    if (this.status === 401) return 'Log in again.'
    if (this.status === 403) return 'Log in with a token that may do this: keptn token create, or ask whoever runs this server.'
    if (this.status === 404) return 'It may have been deleted, or the address has a typing mistake.'
    if (this.status >= 500) return 'The server’s log tells more.'
    return ''
  }
}

export const unreachable = () => new APIError(0, 'no answer from the server')

let onLoggedOut = () => {}

/// How often the server has answered before it had handled all that had happened (docs/limits.md): who shows such an
/// answer asks again.
export let behind = 0

/// How long an answer may take; some changes wait for a Git upstream.
const [readMax, changeMax] = [30_000, 180_000]

/// What is to happen when the server says that nobody is logged in (any more).
export function whenLoggedOut(body) { onLoggedOut = body }

async function send(method, path, { query, body, signal, headers, isEndless = false } = {}) {
  const url = new URL(path, base)
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, value)
  }
  let response
  try {
    response = await fetch(url, {
      method,
      signal: isEndless ? signal : AbortSignal.any([signal, AbortSignal.timeout(method === 'GET' ? readMax : changeMax)].filter(Boolean)),
      headers: {
        'x-keptn-bridge': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw unreachable()
  }
  if (response.ok) return response
  let message = response.statusText
  try { message = (await response.json()).message ?? message } catch {}
  const error = new APIError(response.status, message)
  if (response.status === 401 && path !== 'v1/session/redeem' && !headers?.['x-token']) onLoggedOut(error)
  throw error
}

async function json(...request) {
  const response = await send(...request)
  if (response.headers.has('keptn-behind')) behind += 1
  try {
    return await response.json()
  } catch (error) {
    // What breaks off is no answer; a network's failure is a TypeError too.
    throw error.name === 'AbortError' ? error : unreachable()
  }
}

export const get = (path, query, signal) => json('GET', path, { query, signal })
export const post = (path, body, options) => json('POST', path, { body, ...options })
export const put = (path, body) => json('PUT', path, { body })
export const remove = (path, query) => json('DELETE', path, { query })

/// An open answer, for live.js.
export const open = (path, options) => send('GET', path, { ...options, isEndless: true })

/// A part of a path: any name, whatever is in it.
export const part = encodeURIComponent

// MARK: - The session

/// Who is logged in: {name, scopes, projects, expiresAt, version}; null before the first answer.
export let session = null

export async function loadSession() {
  session = await get('v1/session')
  return session
}

/// Throws an APIError for a wrong token.
export const logIn = (token) => json('POST', 'v1/session', { headers: { 'x-token': token } })
export const redeem = (code) => post('v1/session/redeem', { code })

export async function logOut() {
  try { await remove('v1/session') } finally { session = null }
}

/// Whether who is logged in may do something: may('events:write'). Buttons that would fail are not shown.
export const may = (...scopes) => session !== null && scopes.every((scope) => session.scopes.includes(scope))

// MARK: - Things that several screens do

/// Sends an event and returns its context.
export const sendEvent = async (type, data, more = {}) =>
  (await post('v1/event', { type, source: 'bridge', specversion: '1.0', contenttype: 'application/json', data, ...more }))
    .keptnContext

export const control = (project, context, state, stage) =>
  post(`controlPlane/v1/sequence/${part(project)}/${part(context)}/control`, { state, stage })
