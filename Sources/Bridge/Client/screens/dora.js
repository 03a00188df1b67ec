// The four figures of DORA (https://dora.dev), as the server computes them from the log.

import { get } from '../api.js'
import { h } from '../dom.js'
import { state } from '../parts.js'

/// The figures as cards, or what there is to say where the server has none.
export async function figures(query, signal) {
  try {
    await get('statistics/v1/dora', query, signal)
    return null
  } catch (error) {
    if (error.status !== 404) throw error
    return h('p.card.waiting', state('info', 'No DORA figures'), h('span.quiet', 'This server does not compute deployment frequency, lead time, change failure rate and time to restore yet.'))
  }
}
