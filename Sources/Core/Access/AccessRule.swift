/// What a route needs from whoever calls it.
package struct AccessRule: Sendable, Hashable {
    /// How a token that is limited to projects is held to them.
    package enum Reach: Sendable, Hashable {
        /// No project is involved.
        case anywhere
        /// The path names the project.
        case path
        /// The query's `project` names it; without one, such a token may not pass.
        case query
        /// The handler looks itself: the project is in the body, or the answer is a list to filter.
        case handler
        /// It belongs to the whole installation: not for such a token.
        case installation
    }

    package var scopes: [AccessScope]
    package var reach: Reach

    package init(_ scopes: [AccessScope], _ reach: Reach) {
        self.scopes = scopes
        self.reach = reach
    }

    /// For what nobody has thought about: all rights.
    package static let strictest = AccessRule(AccessScope.allCases, .installation)

    /// The rule of a route, by its method and its path with `{parameters}`; nil when the table does not know it.
    package static func of(_ method: String, _ path: String) -> AccessRule? {
        table.first { $0.matches(method, path) }?.rule
    }
}

// MARK: - The table

extension AccessRule {
    private struct Row {
        let methods: [Substring]
        let path: String
        let rule: AccessRule

        init(_ methods: String, _ path: String, _ scopes: AccessScope..., at reach: Reach) {
            self.methods = methods.split(separator: " ")
            self.path = path
            rule = AccessRule(scopes, reach)
        }

        func matches(_ method: String, _ path: String) -> Bool {
            methods.contains { $0 == method } && (self.path == path || isBeginning(of: path))
        }

        private func isBeginning(of path: String) -> Bool {
            self.path.hasSuffix("/...") && path.hasPrefix(self.path.dropLast(3))
        }
    }

    /// Who may do what, in one place; the first row that fits counts, and `...` stands for whatever follows.
    /// The scopes are those that Keptn documents for a gateway in front of it (K §6.1).
    private static let table: [Row] = {
        let project = "/api/controlPlane/v1/project/{project}"
        let uniform = "/api/controlPlane/v1/uniform/..."
        let resources = "/api/resource-service/v1/project/{project}/..."
        return [
            Row("GET POST", "/api/v1/auth", at: .anywhere),
            Row("GET POST DELETE", "/api/v1/session", at: .anywhere),
            Row("POST", "/api/v1/session/...", at: .anywhere),
            Row("GET", "/api/v1/metadata", .metadataRead, at: .anywhere),
            Row("POST", "/api/v1/event", .eventsWrite, at: .handler),
            Row("POST", "/api/v1/subscriptions/{name}/pull", .eventsRead, at: .handler),
            Row("GET", "/api/v1/subscriptions/{name}/stream", .eventsRead, at: .handler),
            Row("POST", "/api/v1/subscriptions/{name}/settle", .eventsWrite, at: .handler),
            Row("GET", "/api/v1/subscriptions", .integrationsRead, at: .installation),
            Row("PUT", "/api/v1/subscriptions/{name}", .integrationsWrite, at: .installation),
            Row("DELETE", "/api/v1/subscriptions/{name}", .integrationsDelete, at: .installation),
            Row("POST", "/api/v1/subscriptions/{name}/replay", .integrationsWrite, at: .installation),
            Row("GET", "/api/v1/deliveries", .integrationsRead, .eventsRead, at: .installation),
            Row("GET", "/api/v1/overview/projects", .projectsRead, at: .handler),
            Row("GET", "/api/v1/overview/project/{project}", .projectsRead, at: .path),
            Row("GET", "/api/v1/overview/project/{project}/history", .resourcesRead, at: .path),
            Row("GET", "/api/v1/overview/project/{project}/...", .projectsRead, at: .path),
            Row("GET", "/api/v1/overview/open", .projectsRead, at: .handler),
            Row("GET", "/api/v1/overview/repaired", .projectsRead, at: .handler),
            Row("GET", "/api/v1/overview/names", .projectsRead, at: .handler),
            Row("GET", "/api/v1/search", .projectsRead, at: .handler),
            Row("GET", "/api/v1/stream", .eventsRead, at: .handler),
            Row("POST", "/api/v1/validate", .resourcesRead, at: .anywhere),
            Row("POST", "/api/v1/webhooks/preview", .integrationsRead, .resourcesRead, at: .anywhere),
            Row("GET", "/api/v1/test-reports/{id}", .eventsRead, at: .handler),
            Row("PUT", "/api/v1/artifacts", .resourcesWrite, at: .anywhere),
            Row(
                "POST", "/api/v1/import", .integrationsWrite, .projectsRead, .projectsWrite, .servicesWrite,
                .resourcesWrite, .secretsWrite, at: .installation),
            Row("GET", "/api/v1/tokens", .tokensRead, at: .installation),
            Row("POST DELETE", "/api/v1/tokens", .tokensWrite, at: .installation),
            Row("POST DELETE", "/api/v1/tokens/...", .tokensWrite, at: .installation),

            Row("GET", "/api/controlPlane/v1/project", .projectsRead, at: .handler),
            Row("POST PUT", "/api/controlPlane/v1/project", .projectsWrite, at: .handler),
            Row("GET", project, .projectsRead, at: .path),
            Row("PUT", project, .projectsWrite, at: .path),
            Row("DELETE", project, .projectsDelete, at: .path),
            Row("POST", project + "/stage/{stage}/service/{service}/evaluation", .eventsWrite, at: .path),
            Row("GET", project + "/stage/{stage}/service/{service}", .servicesRead, at: .path),
            Row("GET", project + "/stage", .stagesRead, at: .path),
            Row("GET", project + "/stage/...", .stagesRead, at: .path),
            Row("GET", project + "/service/...", .servicesRead, at: .path),
            Row("POST", project + "/service", .servicesWrite, at: .path),
            Row("DELETE", project + "/service/...", .servicesDelete, at: .path),
            Row("GET", "/api/controlPlane/v1/sequence/{project}", .projectsRead, at: .path),
            Row("POST", "/api/controlPlane/v1/sequence/{project}/{keptnContext}/control", .projectsWrite, at: .path),
            Row("GET", "/api/controlPlane/v1/sequence-execution", .projectsRead, at: .query),
            Row("GET", "/debug/sequence/project/{project}", .projectsRead, .eventsRead, at: .path),
            Row("GET", "/debug/sequence/project/{project}/...", .projectsRead, .eventsRead, at: .path),
            Row("POST", "/api/controlPlane/v1/approval/{id}/link", .tokensWrite, at: .installation),
            Row("GET", "/api/controlPlane/v1/event/triggered/{type}", .eventsRead, at: .query),

            Row("GET", uniform, .integrationsRead, at: .installation),
            Row("POST PUT", uniform, .integrationsWrite, at: .installation),
            Row("DELETE", uniform, .integrationsDelete, at: .installation),
            Row("GET", "/api/controlPlane/v1/log", .logsRead, at: .installation),
            Row("POST", "/api/controlPlane/v1/log", .logsWrite, at: .installation),
            Row("DELETE", "/api/controlPlane/v1/log", .logsDelete, at: .installation),

            Row("GET", "/api/mongodb-datastore/event", .eventsRead, at: .query),
            Row("GET", "/api/mongodb-datastore/event/type/{type}", .eventsRead, at: .handler),

            Row("GET", resources, .resourcesRead, at: .path),
            Row("POST PUT", resources, .resourcesWrite, at: .path),
            Row("DELETE", resources, .resourcesDelete, at: .path),
            Row("POST", "/api/git/{project}/git-receive-pack", .resourcesWrite, at: .path),
            Row("GET POST", "/api/git/{project}/...", .resourcesRead, at: .path),

            Row("GET", "/api/secrets/...", .secretsRead, at: .installation),
            Row("POST PUT", "/api/secrets/...", .secretsWrite, at: .installation),
            Row("DELETE", "/api/secrets/...", .secretsDelete, at: .installation),
            Row("GET", "/api/statistics/v1/dora", .statisticsRead, at: .query),
            Row("GET", "/api/statistics/...", .statisticsRead, at: .installation),
            Row("POST", "/api/statistics/...", .statisticsWrite, at: .installation),
        ]
    }()
}
