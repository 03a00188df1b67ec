// Links by a context alone go on to the run, or to its evaluation, whatever its project and service.

import { get, part } from '../api.js'
import { empty, failure, head } from '../parts.js'

export const show = (page) => follow(page, 'Trace', ({ project, context }) => `project/${part(project)}/sequence/${part(context)}`)

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
