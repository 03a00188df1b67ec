// A link by a context alone goes on to the evaluation.

import { get, part } from '../api.js'
import { follow } from './trace.js'

export const show = (page) => follow(page, 'Evaluation', async ({ project, service, context }) => {
  const { place } = page.params
  const path = `project/${part(project)}/service/${part(service)}`
  const { evaluations } = await get(`v1/overview/${path}/evaluations`, { keptnContext: context }, page.signal)
  const wanted = evaluations.find((one) => one.id === place || one.stage === place) ?? evaluations[0]
  return `${path}/context/${part(context)}${wanted ? `/stage/${part(wanted.stage)}?evaluation=${part(wanted.id)}` : ''}`
})
