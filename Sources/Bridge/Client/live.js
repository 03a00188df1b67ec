// What happens, while it happens: one stream of events for the whole page, resumed where it broke off. Screens are told
// at most once a frame that something concerned them, so that a thousand events a second do not freeze a page.

import { open, APIError } from './api.js'
import { oncePerFrame } from './dom.js'

/// The server answers at once, and gives a sign every 15 s: a connection without any for so long is dead, whatever the
/// browser holds of it.
const [answerMax, silenceMax] = [10_000, 40_000]
/// Who has missed more than so many events looks anew instead of hearing of each of them.
const missedMax = 2000
const [pauseMin, pauseMax] = [250, 5000]

const listeners = new Set()
const stateListeners = new Set()
let lastID = null
/// The loop that holds the connection: how it is ended, and how it is kept from waiting.
let current = null
let isWanted = false

/// 'live', 'connecting' (again) or 'off'.
export let state = 'off'

/// Calls `body` when something happened that concerned it, and when it cannot be told what happened. The signal ends it.
/// - concerns: ({type, project, stage, service, context, id}) => Boolean, asked of each event.
export function onEvents(concerns, body, signal) {
  const listener = { concerns, body, isDue: false }
  listeners.add(listener)
  signal?.addEventListener('abort', () => listeners.delete(listener))
}

export function onState(body, signal) {
  stateListeners.add(body)
  signal?.addEventListener('abort', () => stateListeners.delete(body))
}

function become(word) {
  if (state === word) return
  state = word
  for (const body of stateListeners) body(word)
}

const deliver = oncePerFrame(() => {
  for (const listener of listeners) {
    if (!listener.isDue) continue
    listener.isDue = false
    listener.body()
  }
})

export function start() {
  isWanted = true
  if (!current && document.visibilityState === 'visible') run()
}

export function stop() {
  isWanted = false
  lastID = null
  end()
}

function end() {
  const loop = current
  current = null
  loop?.abort()
}

// A page that nobody sees holds no connection; when it is seen again it goes on behind the last event it has heard.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') return isWanted && start()
  end()
})
addEventListener('online', () => {
  current?.wake()
  if (isWanted) start()
})

async function run() {
  const own = current = { abort() {}, wake() {} }
  let pause = pauseMin
  while (current === own) {
    become('connecting')
    const connection = new AbortController()
    own.abort = () => connection.abort()
    let alarm = setTimeout(own.abort, answerMax)
    const heard = () => {
      clearTimeout(alarm)
      alarm = setTimeout(own.abort, silenceMax)
    }
    try {
      const response = await open('v1/stream', { query: { view: 'facts', lastEventId: lastID, missedMax }, signal: connection.signal })
      heard()
      become('live')
      pause = pauseMin
      await read(response.body, heard)
    } catch (error) {
      if (current === own && error instanceof APIError && [401, 403].includes(error.status)) {
        current = null
        isWanted = false
        become('off')
      }
    } finally {
      clearTimeout(alarm)
    }
    if (current !== own) return
    become('connecting')
    await new Promise((resolve) => {
      own.wake = resolve
      setTimeout(resolve, pause)
    })
    pause = Math.min(pause * 2, pauseMax)
  }
}

// Server-sent events (https://html.spec.whatwg.org, section 9.2), as far as our server uses them. EventSource itself
// hears only types that are named before, and there is no end of types here.
async function read(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    heard()
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) take(block)
  }
}

function take(block) {
  let kind = ''
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) lastID = line.slice(4)
    else if (line.startsWith('event: ')) kind = line.slice(7)
    else if (line.startsWith('data: ')) data += line.slice(6)
  }
  if (!data) return
  const event = JSON.parse(data)
  for (const listener of listeners) listener.isDue ||= kind === 'skipped' || listener.concerns(event)
  deliver()
}
