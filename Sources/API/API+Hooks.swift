import CloudEvents
import Core
import Crypto
import HTTPTypes
package import KeptnModel
import Ports
import SpecFiles
import Synchronization

extension API {
    /// Where tools that know nothing of Keptn send what they have to tell: `eventmappings.yaml` says what it means.
    var hookRoutes: [HTTPRoute] {
        [HTTPRoute(.post, "/api/v1/hook/{name}", access: .everybody) { try await takeHook($0) }]
    }

    /// Whose secrets hooks use (K §2.12).
    private static let secretScope = "keptn-default"

    private func takeHook(_ request: APIRequest) async throws -> APIResponse {
        let (name, project) = (request.parameter("name"), request.query("project"))
        guard let hook = try await hook(name, of: project) else {
            throw KeptnError(
                .notFound,
                "there is no hook '\(name)' in \(EventMappings.fileName) of "
                    + (project.map { "project \($0)" } ?? "the server; those of a project need ?project=NAME"))
        }
        let hookRequest = HookRequest(
            headers: Dictionary(
                request.headers.map { ($0.name.canonicalName, $0.value) }, uniquingKeysWith: { "\($0), \($1)" }),
            body: try await request.body.collect(upTo: Self.smallBodyMax))
        guard hookRequest.isAuthentic(for: hook.authentication, secret: try await secret(of: hook), mac: Self.mac)
        else {
            parts.hooks.noteRefusal()
            throw KeptnError(
                .unauthorized, "the request to hook '\(name)' does not show that its sender knows the secret")
        }
        let meaning: (events: [HookRequest.Event], doubts: [String])
        do {
            meaning = try hookRequest.events(by: hook)
        } catch {
            throw KeptnError(.invalidInput, "\(error)")
        }
        var contexts: [String] = []
        if !meaning.events.isEmpty {
            let source = "hook/\(name)\(project.map { "@\($0)" } ?? "")"
            let batch = CloudEvent.batchMessage(meaning.events.map { event($0, source: source, project: project) })
            contexts = try await parts.intake.accept(batch, from: Self.sender(source, project)).map(\.context)
        }
        return .json([
            "keptnContexts": .array(contexts.map { .string($0) }), "doubts": .array(meaning.doubts.map { .string($0) }),
        ])
    }

    private func hook(_ name: String, of project: String?) async throws -> EventMappings.Hook? {
        guard let project else { return parts.hooks.mappings.hooks.first { $0.name == name } }
        let place = ConfigurationPlace(project: project)
        guard let file = try await parts.configuration.file(EventMappings.fileName, at: place, commit: nil) else {
            return nil
        }
        return try SpecFiles.eventMappings(file.bytes, file: EventMappings.fileName).value.hooks.first {
            $0.name == name
        }
    }

    private func secret(of hook: EventMappings.Hook) async throws -> String? {
        guard let secret = hook.authentication.secret else { return nil }
        return try await parts.secrets.values(of: SecretName(secret.name, scope: Self.secretScope))?[secret.key]
    }

    private static func mac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }

    /// A project's hook sends events of this project only.
    private static func sender(_ source: String, _ project: String?) -> Caller {
        var grant = Grant.admin
        if let project { grant.projects = [project] }
        return Caller(name: source, grant: grant)
    }

    /// With an id and a context that are the same for the same request.
    private func event(_ event: HookRequest.Event, source: String, project: String?) -> CloudEvent {
        var data = event.data
        if let project, data["project"] == nil { data = data.setting("project", to: .string(project)) }
        return CloudEvent(
            id: event.id.map { Self.uuid(of: "\(source) id \($0)") } ?? parts.ids.newID(), source: source,
            type: event.type, time: parts.time.now, dataContentType: "application/json",
            extensions: event.context.map {
                [CloudEvent.KeptnExtension.context: .string(Self.uuid(of: "\(source) context \($0)"))]
            } ?? [:], data: .json(data))
    }

    /// A UUID of version 8 (RFC 9562 section 5.8) from the SHA-256 of a text.
    private static func uuid(of text: String) -> String {
        var bytes = Array(SHA256.hash(data: Array(text.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hex[$0].joined() }.joined(separator: "-")
    }
}

/// The hooks of the installation, and how often somebody was turned away.
package final class Hooks: Sendable {
    package let mappings: EventMappings
    private let refused = Mutex(0)

    package init(_ mappings: EventMappings = EventMappings()) { self.mappings = mappings }

    /// Requests without the right secret since the start of the server.
    package var refusalCount: Int { refused.withLock { $0 } }

    func noteRefusal() { refused.withLock { $0 += 1 } }
}
