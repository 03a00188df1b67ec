package import CloudEvents
package import Core
import Crypto
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// Integrations and what they want to hear (K §2.3.8).
    var uniformRoutes: [HTTPRoute] {
        let all = "/api/controlPlane/v1/uniform/registration"
        let one = all + "/{integrationID}"
        return [
            HTTPRoute(.get, all) { request in
                let filter = UniformFilter(
                    id: request.query("id"), name: request.query("name"), project: request.query("project"),
                    stage: request.query("stage"), service: request.query("service"))
                let found = try await parts.uniform.integrations(at: parts.time.now).filter(filter.matches)
                let open = await openDeliveries()
                return .json(
                    .array(found.map { $0.json.setting("openDeliveries", to: .integer(Self.count($0, open))) }))
            },
            HTTPRoute(.post, all) { try await register($0) },
            HTTPRoute(.delete, one) { request in
                let id = request.parameter("integrationID")
                try requireForeign(id)
                try await parts.uniform.change(at: parts.time.now) { registry in
                    if let known = registry[id], known.name == UniformRegistry.webhookService {
                        throw Self.isPart(known)
                    }
                    registry.remove(id)
                }
                return .json([:])
            },
            HTTPRoute(.put, one + "/ping") { request in
                let (id, now) = (request.parameter("integrationID"), parts.time.now)
                if let own = parts.uniform.isEmbedded(id, at: now) { return .json(own.json) }
                guard let seen = try await parts.uniform.change(at: now, { $0.ping(id, at: now) }) else {
                    throw Self.unknown(integration: id)
                }
                return .json(seen.json)
            },
        ] + subscriptionRoutes(of: one + "/subscription")
    }

    private func subscriptionRoutes(of all: String) -> [HTTPRoute] {
        let one = all + "/{subscriptionID}"
        return [
            HTTPRoute(.get, all) { request in
                .json(.array(try await integration(request).subscriptions.map(\.json)))
            },
            HTTPRoute(.post, all) { try await subscribe($0, as: parts.ids.newID()) },
            HTTPRoute(.get, one) { request in
                let id = request.parameter("subscriptionID")
                let integration = try await integration(request)
                guard let subscription = integration.subscriptions.first(where: { $0.id == id }) else {
                    throw KeptnError(.notFound, "subscription \(id) of integration \(integration.id) not found")
                }
                return .json(subscription.json)
            },
            HTTPRoute(.put, one) { try await subscribe($0, as: $0.parameter("subscriptionID")) },
            HTTPRoute(.delete, one) { request in
                let (id, subscription) = (request.parameter("integrationID"), request.parameter("subscriptionID"))
                try requireForeign(id)
                try await parts.uniform.change(at: parts.time.now) { $0.unsubscribe(id, from: subscription) }
                return .json([:])
            },
        ]
    }

    // MARK: - What is under way

    /// By the names of subscriptions; those with a token for certain projects (`NAME@PROJECTS`) count with the others.
    private func openDeliveries() async -> [String: Int] {
        await parts.subscriptions.openDeliveries().reduce(into: [:]) { counts, subscription in
            counts[String(subscription.key.prefix { $0 != "@" }), default: 0] += subscription.value
        }
    }

    /// Those of the integration itself, in this process or by pulls, and those of the distributor before it.
    private static func count(_ integration: UniformIntegration, _ open: [String: Int]) -> Int {
        let names =
            [integration.name, subscription(integration.name)]
            + integration.subscriptions.flatMap { [subscription("\(integration.name)/\($0.id)"), $0.webhookName] }
        return names.reduce(0) { $0 + (open[$1] ?? 0) }
    }

    // MARK: - Registering

    private func register(_ request: APIRequest) async throws -> APIResponse {
        let now = parts.time.now
        var newcomer = UniformIntegration(reading: try await object(request), lastSeen: now)
        let metadata = newcomer.metadata
        var problems = [
            ("name", newcomer.name), ("metadata.kubernetesmetadata.namespace", metadata.namespace),
            ("metadata.hostname", metadata.hostname),
        ].filter(\.1.isEmpty).map { "'\($0.0)' is missing or empty" }
        for subscription in newcomer.subscriptions { problems += subscription.problems(of: newcomer.name) }
        try Self.require(problems)
        newcomer.id = UniformIntegration.id(
            name: newcomer.name, namespace: metadata.namespace, node: metadata.hostname)
        for index in newcomer.subscriptions.indices where newcomer.subscriptions[index].id.isEmpty {
            newcomer.subscriptions[index].id = parts.ids.newID()
        }
        let (registered, known) = try await parts.uniform.change(at: now) { [newcomer] registry in
            let registered = registry.register(newcomer)
            return (registered, registry[registered.id])
        }
        if let known { try await begin(known.subscriptions, of: known.name) }
        return .json(["id": .string(registered.id)], registered.isNew ? .created : .ok)
    }

    private func subscribe(_ request: APIRequest, as id: String) async throws -> APIResponse {
        let integrationID = request.parameter("integrationID")
        try requireForeign(integrationID)
        var subscription = UniformSubscription(reading: try await object(request))
        subscription.id = id
        let name = try await parts.uniform.change(at: parts.time.now) { [subscription] registry in
            let name = registry[integrationID]?.name ?? ""
            try Self.require(subscription.problems(of: name))
            guard registry.subscribe(integrationID, to: subscription) else {
                throw Self.unknown(integration: integrationID)
            }
            return name
        }
        try await begin([subscription], of: name)
        return .json(["id": .string(id)], .created)
    }

    /// From now on a distributor misses nothing, whenever it pulls for the first time.
    private func begin(_ subscriptions: [UniformSubscription], of integration: String) async throws {
        for subscription in subscriptions {
            try await parts.subscriptions.begin(Self.subscription("\(integration)/\(subscription.id)"))
        }
    }

    private func integration(_ request: APIRequest) async throws -> UniformIntegration {
        let id = request.parameter("integrationID")
        guard let found = try await parts.uniform.integrations(at: parts.time.now).first(where: { $0.id == id }) else {
            throw Self.unknown(integration: id)
        }
        return found
    }

    /// What is part of this server hears what it is built to hear.
    private func requireForeign(_ id: String) throws {
        if let own = parts.uniform.isEmbedded(id, at: parts.time.now) { throw Self.isPart(own) }
    }

    private static func isPart(_ own: UniformIntegration) -> KeptnError {
        let rest = own.name == UniformRegistry.webhookService ? "" : ", nor its subscriptions changed"
        return KeptnError(.conflict, "\(own.name) is part of this server: it cannot be removed\(rest)")
    }

    private static func require(_ problems: [String]) throws {
        guard problems.isEmpty else { throw KeptnError(.invalidInput, problems.joined(separator: "; ")) }
    }

    private static func unknown(integration id: String) -> KeptnError {
        KeptnError(.notFound, "integration \(id) not found: register it with POST uniform/registration")
    }
}

extension UniformIntegration {
    /// The hex SHA-1 of name, namespace and node, joined by dashes (K §2.3.8).
    package static func id(name: String, namespace: String, node: String) -> String {
        Insecure.SHA1.hash(data: Array("\(name)-\(namespace)-\(node)".utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// An integration that is part of this server.
    package static func embedded(
        name: String, version: String, hears patterns: [String], projects: [String] = [], stages: [String] = [],
        services: [String] = [], at now: Timestamp
    ) -> UniformIntegration {
        let id = id(name: name, namespace: "keptn", node: "keptn")
        return UniformIntegration(
            id: id, name: name,
            metadata: Metadata(
                hostname: "keptn", integrationVersion: version, location: "control-plane", namespace: "keptn",
                lastSeen: now),
            subscriptions: patterns.enumerated().map { number, pattern in
                UniformSubscription(
                    id: "\(id)-\(number)", event: pattern, projects: projects, stages: stages, services: services)
            })
    }
}
