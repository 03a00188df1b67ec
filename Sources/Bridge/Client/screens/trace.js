// A link by a context alone goes on to the run, whatever its project.

import { get, part } from '../api.js'
import { empty, failure, head } from '../parts.js'

export async function show(page) {
  const { context } = page.params
  page.title('Trace')
  try {
    const { results } = await get('v1/search', { q: context }, page.signal)
    const run = results.find((found) => found.kind === 'sequence' && found.context === context)
    if (run) return page.navigate(`project/${part(run.project)}/sequence/${part(context)}`, { replace: true })
    page.render(head('Trace'), empty('No run has this context', `Nothing is known of ${context}. It may have been removed because of its age.`))
  } catch (error) {
    if (!page.signal.aborted) page.render(failure(error, () => show(page)))
  }
}
