// The services of a project: which there are, new ones, and those that go.

import { get, may, part, post, remove } from '../api.js'
import { h } from '../dom.js'
import { button, confirm, dialog, field, head, nameFilter, noService, notify, pager, table } from '../parts.js'
import { tabs } from './settings.js'

export function show(page) {
  const { project, service } = page.params
  // Keptn's address of a service's settings, which are its files.
  if (service) return page.navigate(`project/${part(project)}/settings/files?service=${part(service)}`, { replace: true })
  page.title('Services', project)
  page.load({
    concerns: (event) => event.project === project,
    ask: (signal) => get(`v1/overview/project/${part(project)}/services`, { search: page.query.search, nextPageKey: page.query.from, pageSize: 50 }, signal),
    show: (data) => page.render(
      head('Services', null, may('services:write') && button('Create a service', () => create(page, project), { kind: 'primary', iconName: 'plus' })),
      tabs(project, 'services'),
      (data.totalCount > 0 || page.query.search) && h('div.toolbar', nameFilter(page, 'services')),
      data.services.length > 0
        ? [table([
          ['Service', (row) => h('b', h('a', { href: `project/${part(project)}/service/${part(row.name)}` }, row.name))],
          ['Stages', (row) => row.stages.map((one) => one.stage).join(', ')],
          ['', (row) => h('div.toolbar.end',
            may('resources:read') && h('a.button.small', { href: `project/${part(project)}/settings/files?service=${part(row.name)}` }, 'Files'),
            may('services:delete') && button('Delete', () => confirm(`Delete ${row.name}?`, `Its files go in every stage of ${project}. What it runs is not stopped. This cannot be taken back.`, 'Delete', async () => {
              await remove(`controlPlane/v1/project/${part(project)}/service/${part(row.name)}`)
              notify(`${row.name} is deleted`)
              page.reload()
            }), { kind: 'small danger' }))],
        ], data.services, { key: (row) => row.name, caption: 'Services' }), pager(page, data, data.services.length)]
        : noService(project, page.query.search)),
  })
  if (page.params.action === 'create' && may('services:write')) create(page, project)
}

function create(page, project) {
  const name = h('input', { required: true, maxlength: 43, pattern: '[a-z][a-z0-9\\-]*', autocomplete: 'off', spellcheck: 'false' })
  dialog({
    title: 'Create a service', action: 'Create', body: field('Name', name, 'Lower case letters, digits and dashes, at most 43.'),
    submit: async () => {
      await post(`controlPlane/v1/project/${part(project)}/service`, { serviceName: name.value })
      notify(`${name.value} is there`)
      page.reload()
    },
  })
}
