import CloudEvents
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// Sending events, one or many, and the pulling of integrations.
    var eventRoutes: [HTTPRoute] {
        [
            HTTPRoute(.post, "/api/v1/event") { request in
                let message = CloudEvent.HTTPMessage(
                    contentType: request.headers[.contentType],
                    headers: request.headers.map { ($0.name.rawName, $0.value) },
                    body: try await request.body.collect(upTo: parts.intake.bytesMax))
                let accepted = try await parts.intake.accept(message, from: request.caller)
                if accepted.count == 1, accepted[0].isOld { return channelInfo(accepted[0]) }
                let contexts = accepted.map(\.context)
                return .json([
                    "keptnContext": .string(contexts.first ?? ""),
                    "keptnContexts": contexts.count > 1 ? .array(contexts.map { .string($0) }) : nil,
                ])
            },
            HTTPRoute(.post, "/api/v1/subscriptions/{name}/pull") { try await pull($0) },
            HTTPRoute(.get, "/api/v1/subscriptions/{name}/stream") { try await streamDeliveries($0) },
            HTTPRoute(.post, "/api/v1/subscriptions/{name}/settle") { try await settle($0) },
        ]
    }
}
