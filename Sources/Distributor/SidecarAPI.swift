import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

/// What a sidecar asks of Keptn's API, for itself and for its integration.
struct SidecarAPI: Sendable {
    private let settings: SidecarSettings
    private let requester: any HTTPRequester

    private static let registrations = "/controlPlane/v1/uniform/registration"
    private static let timeMax = Duration.seconds(10)

    /// The API did not answer, or not as it should; the sentence says how.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    init(_ settings: SidecarSettings, requester: any HTTPRequester) {
        self.settings = settings
        self.requester = requester
    }

    /// Makes the integration known and returns its id.
    func register() async throws -> String {
        var integration = UniformIntegration(
            id: "", name: settings.name, metadata: settings.metadata, subscriptions: settings.subscriptions)
        for index in integration.subscriptions.indices { integration.subscriptions[index].id = "" }
        let answer = try await call("POST", Self.registrations, integration.json)
        guard let id = answer.json["id"]?.stringValue, (200..<300).contains(answer.status) else {
            throw Self.unavailable(answer)
        }
        return id
    }

    /// Says that the integration is there, and returns what it is subscribed to; nil when nobody knows it any more.
    func ping(_ id: String) async throws -> [UniformSubscription]? {
        let answer = try await call("PUT", "\(Self.registrations)/\(id)/ping")
        if answer.status == 404 { return nil }
        guard answer.status == 200 else { throw Self.unavailable(answer) }
        return UniformIntegration(reading: answer.json, lastSeen: Timestamp(nanoseconds: 0)).subscriptions
    }

    /// Writes a line into the integration's log. A line that cannot be written is no reason to stop.
    func note(failure message: String, _ event: CloudEvent) async {
        let log: JSON = .object([
            ("specversion", "1.0"), ("type", "sh.keptn.log.error"), ("source", .string(settings.name)),
            ("shkeptncontext", event.keptnContext.map { .string($0) }), ("triggeredid", .string(event.id)),
            ("data", ["message": .string(message)]),
        ])
        _ = try? await call("POST", "/v1/event", log)
    }

    private func call(
        _ method: String, _ path: String, _ body: JSON? = nil
    ) async throws -> (status: Int, json: JSON) {
        do {
            let answer = try await requester.send(
                OutgoingRequest(
                    method: method, url: settings.endpoint + path,
                    headers: ["x-token": settings.token, "content-type": "application/json"],
                    body: body.map { Array($0.bytes) } ?? [], timeout: Self.timeMax))
            return (answer.status, (try? JSON(parsing: answer.body)) ?? .null)
        } catch let failure as RequestFailure {
            throw Unavailable(description: failure.description)
        }
    }

    private static func unavailable(_ answer: (status: Int, json: JSON)) -> Unavailable {
        Unavailable(description: "the API answered \(answer.status): \(answer.json["message"]?.stringValue ?? "")")
    }
}

// MARK: - For the integration

extension SidecarAPI {
    private static let methods: [HTTPRequest.Method] = [.get, .post, .put, .delete, .patch]

    /// Events that the integration sends, and all else that it asks of the API; the token is added.
    var routes: [HTTPRoute] {
        let prefix = settings.proxyPath == "/" ? "" : settings.proxyPath
        let events = HTTPRoute(.post, settings.forwardingPath, access: .everybody) {
            try await pass($0, .post, "/v1/event")
        }
        return [events]
            + Self.methods.map { method in
                HTTPRoute(method, "\(prefix)/{rest...}", access: .everybody) { request in
                    try await pass(request, method, Self.path(request.parameter("rest")))
                }
            }
    }

    /// Keptn's paths, which are those of its services, as the API has them.
    private static func path(_ rest: String) throws -> String {
        let names = [
            "mongodb-datastore": "mongodb-datastore", "datastore": "mongodb-datastore",
            "event-store": "mongodb-datastore", "configuration-service": "resource-service",
            "configuration": "resource-service", "config": "resource-service",
            "resource-service": "resource-service", "controlPlane": "controlPlane", "secrets": "secrets", "v1": "v1",
        ]
        var parts = rest.split(separator: "/").map { String($0) }
        guard let service = parts.first, let name = names[service] else {
            let known = names.keys.sorted().joined(separator: ", ")
            throw KeptnError(.notFound, "'/\(rest)' leads nowhere; paths begin with one of \(known)")
        }
        parts[0] = name
        return parts.reduce("") { "\($0)/\(URLText.encode($1))" }
    }

    private func pass(_ request: APIRequest, _ method: HTTPRequest.Method, _ path: String) async throws -> APIResponse {
        var headers = ["x-token": settings.token]
        for field in [HTTPField.Name.contentType, .accept] { headers[field.rawName] = request.headers[field] }
        for field in request.headers where field.name.canonicalName.hasPrefix("ce-") {
            headers[field.name.canonicalName] = field.value
        }
        let outgoing = OutgoingRequest(
            method: method.rawValue, url: settings.endpoint + path + URLText.query(request.query), headers: headers,
            body: try await request.body.collect(upTo: settings.proxyBytesMax), timeout: settings.proxyTimeout)
        do {
            let answer = try await requester.send(outgoing)
            return APIResponse(
                .init(code: answer.status), contentType: answer.headers["content-type"] ?? "application/json",
                body: answer.body)
        } catch let failure as RequestFailure {
            throw KeptnError(.unavailable, "Keptn's API does not answer: \(failure)")
        }
    }
}
