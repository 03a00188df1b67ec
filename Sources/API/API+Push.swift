import CloudEvents
import Core
import HTTPTypes
import Ports

extension API {
    /// Endpoints to which events are posted, and what could not be delivered to them.
    var pushRoutes: [HTTPRoute] {
        let all = "/api/v1/subscriptions"
        let one = all + "/{name}"
        return [
            HTTPRoute(.get, all) { _ in
                .json(["subscriptions": .array(try await parts.push.statuses().map(\.json))])
            },
            HTTPRoute(.put, one) { request in
                let body = try await object(request)
                switch PushSubscription.reading(body, name: request.parameter("name"), id: parts.ids.newID()) {
                case .success(let wanted):
                    try await checkCredential(wanted.credential)
                    try await parts.push.keep(wanted)
                case .failure(let mistakes): throw KeptnError(.invalidInput, mistakes.description)
                }
                return .json(try await pushStatus(request).json)
            },
            HTTPRoute(.delete, one) { request in
                guard try await parts.push.remove(request.parameter("name")) else { throw Self.unknownPush(request) }
                return .json([:])
            },
            HTTPRoute(.post, one + "/replay") { request in
                _ = try await pushStatus(request)
                let positions = try await positionsToReplay(request)
                let count = try await parts.push.replay(request.parameter("name"), positions)
                return .json(["replayed": .integer(count)])
            },
            HTTPRoute(.get, "/api/v1/deliveries") { request in
                let page = try Page(request)
                let found = try await parts.push.failures(
                    of: request.query("subscription"), offset: page.offset, limit: page.size)
                return .json(page.list("deliveries", found.failures.map(\.json), total: found.total))
            },
        ]
    }

    private func pushStatus(_ request: APIRequest) async throws -> PushStatus {
        let known = try await parts.push.statuses().first { $0.subscription.name == request.parameter("name") }
        guard let known else { throw Self.unknownPush(request) }
        return known
    }

    private func checkCredential(_ credential: PushSubscription.Credential?) async throws {
        guard let credential else { return }
        let secret = SecretName(credential.secret, scope: PushSubscription.Credential.scope)
        guard try await parts.secrets.values(of: secret)?[credential.key] != nil else {
            throw KeptnError(.invalidInput, credential.missing)
        }
    }

    /// Nil for everything.
    private func positionsToReplay(_ request: APIRequest) async throws -> [Position]? {
        guard let list = try await object(request)["positions"], !list.isNull else { return nil }
        let positions = list.elements.compactMap(\.intValue)
        guard list.kind == .array, positions.count == list.elements.count else {
            throw KeptnError(.invalidInput, "'positions' has to be a list of whole numbers, as GET /v1/deliveries says")
        }
        return positions.map { Position(Int64($0)) }
    }

    private static func unknownPush(_ request: APIRequest) -> KeptnError {
        KeptnError(.notFound, "there is no push subscription '\(request.parameter("name"))'")
    }
}

extension PushStatus {
    fileprivate var json: JSON {
        .object(
            subscription.json.members.map { ($0.key, JSON?.some($0.value)) } + [
                ("delivered", .integer(delivered)), ("failed", .integer(failures)),
                ("lastDeliveredAt", lastDeliveredAt.map { .string($0.rfc3339) }),
                ("trouble", trouble.map { .string($0) }),
            ])
    }
}

extension FailedDelivery {
    fileprivate var json: JSON {
        [
            "subscription": .string(subscription), "position": .integer(recorded.position.value),
            "attempts": .integer(attempts), "reason": .string(reason), "failedAt": .string(failedAt.rfc3339),
            "event": API.view(recorded.event),
        ]
    }
}
