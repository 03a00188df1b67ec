// Links by a context alone go on to the run, or to its evaluation, whatever its project and service.

import { get, part } from '../api.js'
import { empty, failure, head } from '../parts.js'

export const show = (page) => follow(page, 'Trace', async ({ project, context }) => {
  const { place } = page.params
  const run = `project/${part(project)}/sequence/${part(context)}`
  if (!place) return run
  // The name of a stage has no dots, a type of events has.
  if (!place.includes('.')) return `${run}/stage/${part(place)}`
  const { events } = await get('mongodb-datastore/event', { project, keptnContext: context, type: place, pageSize: 1 }, page.signal)
  return events.length > 0 ? `${run}/event/${part(events[0].id)}` : run
})

/// - address: of a run, as the search knows it; may have to ask for it.
export async function follow(page, title, address) {
  const { context } = page.params
  page.title(title)
  try {
    const { results } = await get('v1/search', { q: context }, page.signal)
    const run = results.find((found) => found.kind === 'sequence' && found.context === context)
    if (run) return page.navigate(await address(run), { replace: true })
    page.render(head(title), empty('No run has this context', `Nothing is known of ${context}. It may have been removed because of its age.`))
  } catch (error) {
    if (!page.signal.aborted) page.render(failure(error, () => follow(page, title, address)))
  }
}
