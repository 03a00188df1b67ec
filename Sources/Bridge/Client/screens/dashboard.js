// All projects: what runs, what waits for somebody, what went wrong.

import { get, may, part } from '../api.js'
import { h } from '../dom.js'
import { command, empty, head, icon, nameFilter, number, pager, plural, runState, state, time, upstreamState } from '../parts.js'

export function show(page) {
  page.title('Dashboard')
  page.load({
    ask: (signal) => get('v1/overview/projects', { search: page.query.search, nextPageKey: page.query.from }, signal),
    show: (data) => page.render(
      head('Dashboard', totals(data.totals),
        data.totals.projects > 0 && nameFilter(page, 'projects'),
        may('projects:write') && h('a.button.primary', { href: 'create/project' }, icon('plus'), 'Create project')),
      data.projects.length > 0 ? h('div.tiles', data.projects.map(tile))
        : data.totals.projects > 0 ? empty('No project has this name', `Nothing contains “${page.query.search}”.`)
          : empty('No project yet', 'A project is a shipyard: stages, and the sequences of tasks that lead through them.',
            command('keptn create project sockshop --shipyard examples/sockshop/shipyard.yaml'),
            h('p', 'or see one at work, with everything that belongs to it:'), command('keptn demo --keep')),
      data.projects.length > 0 && pager(page, data, data.projects.length)),
  })
}

const totals = (all) => [
  h('span', plural(all.projects, 'project')),
  all.running > 0 && state('running', `${number(all.running)} running`),
  all.approvals > 0 && h('a', { href: 'approvals' }, state('approval', plural(all.approvals, 'approval'))),
  all.problems > 0 && h('a', { href: 'problems' }, state('problem', plural(all.problems, 'problem'))),
]

function tile(project) {
  const path = `project/${part(project.name)}`
  return h('article.card.tile', { 'data-key': project.name, 'aria-label': `Project ${project.name}` },
    h('header', h('h2', h('a', { href: path }, project.name)), h('span.quiet', plural(project.serviceCount, 'service'))),
    upstreamState(project.upstream) === 'fail' && h('p.problem', state('fail', 'Git upstream'), ' ', project.upstream.message),
    project.stages.length === 0 ? h('p.problem', 'The shipyard cannot be used: see the settings.')
      : h('ol.stages', project.stages.map((stage) => h('li', h('a', { href: `${path}/environment/stage/${part(stage.name)}` },
        h('b', stage.name), h('span', counts(stage)))))),
    project.runs.length === 0 ? h('p.quiet', 'Nothing has been triggered yet.')
      : h('ul.runs', project.runs.map((run) => h('li', { 'data-key': run.context },
        h('a', { href: `${path}/sequence/${part(run.context)}` }, runState(run, ''), h('span', h('b', run.name), ' ', run.service)),
        time(run.triggeredAt)))))
}

/// What there is to say about a stage, in one line.
export const counts = (stage) => [
  stage.problems > 0 && state('problem', number(stage.problems)),
  stage.gates.fail > 0 && state('fail', number(stage.gates.fail)),
  stage.approvals > 0 && state('approval', number(stage.approvals)),
  stage.running > 0 && state('running', number(stage.running)),
  stage.waiting > 0 && state('waiting', number(stage.waiting)),
  stage.paused > 0 && state('paused', number(stage.paused)),
  stage.problems + stage.gates.fail + stage.approvals + stage.running + stage.waiting + stage.paused === 0
    && (stage.gates.pass + stage.gates.warning > 0 ? state('pass', '') : h('span.quiet', '–')),
]
