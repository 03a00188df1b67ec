public import CloudEvents
import Core
import FoundationEssentials
public import KeptnKit
public import KeptnModel
public import Logging
package import Ports

/// Keptn over HTTP, for integrations that run elsewhere: events come by a stream, and are settled together with what is
/// sent.
public struct HTTPControlPlane: ControlPlane {
    private let connection: HTTPConnection
    private let client: String
    private let secrets: SecretFolder?

    /// - Parameters:
    ///   - endpoint: The API's base, such as `http://127.0.0.1:8080/api`.
    ///   - token: One of the API's tokens; the scopes that it needs are `events:read` and `events:write`,
    ///     `resources:read` too where files are read, `integrations:write` to be listed.
    ///   - client: Which of the replicas that share their subscriptions this is; the same in its next life, so that
    ///     what it held comes to it again.
    ///   - secretFolder: Where this machine's secrets are: a folder for each, in it a file for each key, as Kubernetes
    ///     mounts them. Without it there are none.
    public init(
        endpoint: String, token: String, client: String = "", secretFolder: String? = nil, logger: Logger
    ) {
        self.init(
            endpoint: endpoint, token: token, client: client, secretFolder: secretFolder, requester: WebRequester(),
            time: SystemTime(), logger: logger)
    }

    /// Whatever the environment says: `KEPTN_ENDPOINT` and `KEPTN_API_TOKEN`, and where they are wanted `KEPTN_CLIENT`
    /// and `KEPTN_SECRETS`, the parameters of ``init(endpoint:token:client:secretFolder:logger:)``.
    ///
    /// Throws `ControlPlaneError` that names what is missing.
    public static func fromEnvironment(logger: Logger) throws -> HTTPControlPlane {
        let environment = ProcessInfo.processInfo.environment
        let (endpoint, token) = (environment["KEPTN_ENDPOINT"] ?? "", environment["KEPTN_API_TOKEN"] ?? "")
        let missing = [
            endpoint.isEmpty ? "KEPTN_ENDPOINT is missing: the API's address, such as http://127.0.0.1:8080/api" : nil,
            token.isEmpty ? "KEPTN_API_TOKEN is missing: one of the API's tokens" : nil,
        ].compactMap { $0 }
        guard missing.isEmpty else { throw ControlPlaneError(.rejected, missing.joined(separator: "; ")) }
        return HTTPControlPlane(
            endpoint: endpoint, token: token, client: environment["KEPTN_CLIENT"] ?? "",
            secretFolder: environment["KEPTN_SECRETS"], logger: logger)
    }

    /// - Parameters:
    ///   - endpoint: The API's base, such as `http://127.0.0.1:8080/api`.
    ///   - client: Which of the replicas that share their subscriptions this is; the same in its next life, so that
    ///     what it held comes to it again.
    ///   - random: 0 ..< 1, for the waits between attempts.
    package init(
        endpoint: String, token: String, client: String = "", secretFolder: String? = nil, requester: any HTTPRequester,
        time: any TimeSource, logger: Logger, random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        var endpoint = endpoint
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let retry = Retry(time: time, random: random, logger: logger)
        connection = HTTPConnection(endpoint: endpoint, token: token, requester: requester, retry: retry)
        self.client = client
        secrets = secretFolder.map(SecretFolder.init)
    }

    public func subscribe(_ interest: Interest) async throws -> any EventSubscription {
        try await HTTPSubscription.open(interest, as: client, by: connection)
    }

    public func send(_ events: [CloudEvent]) async throws {
        guard !events.isEmpty else { return }
        let message = CloudEvent.batchMessage(events)
        try await connection.retry.untilAvailable("sending events") {
            _ = try await connection.call(
                "POST", "/v1/event", contentType: CloudEvent.batchContentType, message.body)
        }
    }

    public func answer(to triggeredID: String, type: String, context: String) async throws -> CloudEvent? {
        let query = URLText.query(["keptnContext": context, "type": type, "pageSize": "100"])
        let page = try await connection.retry.untilAvailable("looking for an answer") {
            try await connection.call("GET", "/mongodb-datastore/event" + query)
        }
        return try (page["events"]?.elements ?? []).map { try CloudEvent(structured: $0) }
            .last { $0.triggeredID == triggeredID }
    }

    public func file(_ path: String, of scope: Scope, commit: String?) async throws -> [UInt8]? {
        let project = "/resource-service/v1/project/\(URLText.encode(scope.project))"
        let stage = project + "/stage/\(URLText.encode(scope.stage))"
        let pinned = commit.map { "?gitCommitID=\(URLText.encode($0))" } ?? ""
        let uri = "/resource/" + path.split(separator: "/").map { URLText.encode(String($0)) }.joined(separator: "/")
        // The commit is one of the stage's branch.
        for place in [
            stage + "/service/\(URLText.encode(scope.service))" + uri + pinned, stage + uri + pinned, project + uri,
        ] {
            if let file = try await resource(place) { return file }
        }
        return nil
    }

    public func secret(_ name: String) async throws -> [String: String]? { try await secrets?.values(of: name) }

    package static let announcementInterval = Duration.seconds(60)
    public var announcementInterval: Duration? { Self.announcementInterval }

    public func announce(_ integration: Integration) async throws {
        let interest = integration.interest
        let newcomer = UniformIntegration(
            id: "", name: integration.name,
            metadata: .init(
                hostname: ProcessInfo.processInfo.hostName, integrationVersion: integration.version,
                location: "remote-execution-plane", namespace: "keptn", podName: client,
                deploymentName: integration.name, lastSeen: Timestamp(nanoseconds: 0)),
            subscriptions: interest.patterns.map {
                UniformSubscription(
                    id: "", event: $0, projects: interest.projects, stages: interest.stages,
                    services: interest.services)
            })
        _ = try await connection.call(
            "POST", "/controlPlane/v1/uniform/registration", Array(newcomer.json.bytes))
    }

    private func resource(_ path: String) async throws -> [UInt8]? {
        do {
            let answer = try await connection.retry.untilAvailable("reading a file") {
                try await connection.call("GET", path)
            }
            guard let text = answer["resourceContent"]?.stringValue, let bytes = Base64.decode(text) else {
                throw ControlPlaneError(.rejected, "Keptn answered with a file that is no Base64")
            }
            return bytes
        } catch let error as ControlPlaneError where error.kind == .notFound {
            return nil
        }
    }
}
