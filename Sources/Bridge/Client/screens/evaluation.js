// A link by a context alone goes on to the evaluation, whatever its project and service.

import { get, part } from '../api.js'
import { empty, failure } from '../parts.js'

export async function show(page) {
  const { context, place } = page.params
  page.title('Evaluation')
  try {
    const { results } = await get('v1/search', { q: context }, page.signal)
    const run = results.find((found) => found.kind === 'sequence' && found.context === context)
    if (!run) return page.render(empty('No run has this context', `Nothing is known of ${context}. It may have been removed because of its age.`))
    const path = `project/${part(run.project)}/service/${part(run.service)}`
    const { evaluations } = await get(`v1/overview/${path}/evaluations`, { keptnContext: context }, page.signal)
    const wanted = evaluations.find((one) => one.id === place || one.stage === place) ?? evaluations[0]
    page.navigate(`${path}/context/${part(context)}${wanted ? `/stage/${part(wanted.stage)}?evaluation=${part(wanted.id)}` : ''}`, { replace: true })
  } catch (error) {
    if (!page.signal.aborted) page.render(failure(error, () => show(page)))
  }
}
