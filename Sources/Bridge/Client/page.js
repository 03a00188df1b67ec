// A screen while it is shown: where it is, what it asks, and when it has to ask again.

import { behind, unreachable } from './api.js'
import { h, patch } from './dom.js'
import { onEvents, onState, state } from './live.js'
import { failure } from './parts.js'

/// Between two askings that events cause; a screen that takes longer to ask waits longer.
const pauseMin = 100
/// Until what failed is asked again: so long, then twice as long each time.
const [retryMin, retryMax] = [1000, 30_000]

export class Page {
  /// - params: what stands in the path, such as {project}; query: what stands behind the question mark.
  constructor(root, params, query, navigate) {
    this.root = root
    this.params = params
    this.query = query
    this.navigate = navigate
    this.controller = new AbortController()
    this.start = performance.now()
    this.loaders = []
    /// Asked before the browser's way back or forward is followed. A screen with something unsaved has its own, which
    /// may say no, ask, and then call the function that it is given.
    this.mayLeave = () => true
  }

  /// Ends when the screen is left: for requests and listeners.
  get signal() { return this.controller.signal }

  title(...words) { document.title = [...words, 'Keptn'].join(' · ') }

  /// Shows elements instead of what was shown, changing as little as possible.
  render(...elements) {
    if (!this.signal.aborted) patch(this.root, ...elements)
  }

  /// Asks, shows the answer, and does both again when the address's query changes, when an event comes that concerns
  /// the screen, when the connection is there again, and some time after the server failed to answer.
  /// - ask: (signal) => data; show: (data) => void, called after each answer; concerns: (event) => Boolean.
  /// - isSized: what is shown depends on how wide the screen is.
  load({ ask, show, concerns = () => true, isSized = false }) {
    let isAsking = false
    let isWanted = false
    let hasAnswer = false
    let failures = 0
    let retry
    let asking
    const run = async () => {
      clearTimeout(retry)
      if (isAsking) { isWanted = true; return }
      isAsking = true
      do {
        isWanted = false
        const start = performance.now()
        const known = behind
        asking = new AbortController()
        try {
          const data = await ask(AbortSignal.any([this.signal, asking.signal]))
          if (this.signal.aborted) return
          if (isSized) this.whenWidthChanges(() => show(data))
          show(data)
          if (!hasAnswer) performance.measure('shown', { start: this.start })
          hasAnswer = true
          failures = 0
          if (behind !== known) isWanted = true
        } catch (error) {
          if (this.signal.aborted) return
          // What is shown already stays: better old than nothing. The head says that the connection is gone.
          if (!hasAnswer || error.status !== 0) this.render(failure(error, run))
          if (error.status === undefined) console.error(error)
          // While the stream is being opened anew, that it is there again will be the sign to ask.
          if (error.isPassing && state !== 'connecting') retry = setTimeout(run, Math.min(retryMin * 2 ** failures++, retryMax))
        }
        this.root.setAttribute('aria-busy', 'false')
        if (isWanted) await new Promise((done) => setTimeout(done, Math.max(pauseMin, performance.now() - start)))
      } while (isWanted && !this.signal.aborted)
      isAsking = false
    }
    this.loaders.push(run)
    this.signal.addEventListener('abort', () => clearTimeout(retry))
    onEvents(concerns, run, this.signal)
    onState((word) => {
      // What was asked over a connection that broke may never be answered.
      if (word === 'connecting') asking?.abort(unreachable())
      if (word === 'live') run()
    }, this.signal)
    run()
    return run
  }

  /// Calls this, instead of what was given before, when the screen gets wider or narrower.
  whenWidthChanges(body) {
    this.observer?.disconnect()
    let width = this.root.clientWidth
    this.observer = new ResizeObserver(() => {
      if (this.root.clientWidth === width) return
      width = this.root.clientWidth
      body()
    })
    this.observer.observe(this.root)
  }

  /// Everything is asked again.
  reload() { for (const run of this.loaders) run() }

  /// Changes the query in the address; null takes a member away. A filter that changes begins at the first page.
  setQuery(changes) {
    const query = { ...this.query, ...('from' in changes ? {} : { from: null }), ...changes }
    for (const key of Object.keys(query)) if (query[key] === null || query[key] === '') delete query[key]
    const text = new URLSearchParams(query).toString()
    this.navigate(location.pathname + (text ? `?${text}` : ''), { replace: true })
  }

  leave() {
    this.observer?.disconnect()
    this.controller.abort()
  }
}

/// What is shown before the first answer, if that takes a moment.
export const skeleton = () => h('div.skeleton', { 'aria-label': 'Loading' }, h('span'), h('span'), h('span'))
