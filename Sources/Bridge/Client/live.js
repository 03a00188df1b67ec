// What happens, while it happens: one stream of events for the whole page, resumed where it broke off. Screens hear of
// events in batches, at most one a frame, so that a thousand events a second do not freeze a page.

import { open, APIError } from './api.js'
import { oncePerFrame } from './dom.js'

const listeners = new Set()
const stateListeners = new Set()
let waiting = []
let lastID = null
let controller = null
let isWanted = false

/// 'live', 'connecting' (again) or 'off'.
export let state = 'off'

/// Calls with lists of {type, project, stage, service, context, id}. The signal ends it.
export function onEvents(body, signal) {
  listeners.add(body)
  signal?.addEventListener('abort', () => listeners.delete(body))
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
  const events = waiting
  waiting = []
  for (const body of listeners) body(events)
})

export function start() {
  isWanted = true
  if (!controller && document.visibilityState === 'visible') run()
}

export function stop() {
  isWanted = false
  lastID = null
  controller?.abort()
  controller = null
}

// A page that nobody sees holds no connection; when it is seen again it goes on behind the last event it has heard.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') return isWanted && start()
  controller?.abort()
  controller = null
})
addEventListener('online', () => { if (isWanted) start() })

async function run() {
  const own = controller = new AbortController()
  let pause = 250
  while (isWanted && controller === own) {
    become('connecting')
    try {
      const response = await open('v1/stream', { query: { view: 'facts', lastEventId: lastID }, signal: own.signal })
      become('live')
      pause = 250
      await read(response.body)
    } catch (error) {
      if (controller !== own) return
      if (error instanceof APIError && [401, 403].includes(error.status)) { isWanted = false; break }
    }
    if (controller !== own) return
    become('connecting')
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 2, 5000)
  }
  if (controller !== own) return
  controller = null
  become('off')
}

// Server-sent events (https://html.spec.whatwg.org, section 9.2), as far as our server uses them. EventSource itself
// hears only types that are named before, and there is no end of types here.
async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) take(block)
  }
}

function take(block) {
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) lastID = line.slice(4)
    else if (line.startsWith('data: ')) data += line.slice(6)
  }
  if (!data) return
  waiting.push(JSON.parse(data))
  // Screens ask anew what they show: of a flood, the newest part is enough to know what has changed.
  if (waiting.length > 5000) waiting = waiting.slice(-5000)
  deliver()
}
