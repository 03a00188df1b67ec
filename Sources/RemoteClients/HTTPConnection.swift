import CloudEvents
import KeptnKit
import Ports

/// One call to Keptn's API, and what its failure means.
struct HTTPConnection: Sendable {
    static let timeout = Duration.seconds(15)

    let endpoint: String
    let token: String
    let requester: any HTTPRequester
    let retry: Retry

    /// Throws `ControlPlaneError`: `unavailable` where trying again may help.
    func call(
        _ method: String, _ path: String, contentType: String = "application/json", _ body: [UInt8] = [],
        timeout: Duration = timeout
    ) async throws -> JSON {
        var headers = ["x-token": token]
        if !body.isEmpty { headers["content-type"] = contentType }
        let request = OutgoingRequest(
            method: method, url: endpoint + path, headers: headers, body: body, timeout: timeout,
            responseBytesMax: 256 << 20)
        let response = try await Self.translatingFailures { try await requester.send(request) }
        let answer = try? JSON(parsing: response.body)
        guard (200..<300).contains(response.status) else { throw Self.refusal(response.status, answer) }
        return answer ?? .emptyObject
    }

    /// Opens a stream of server-sent events. Throws `ControlPlaneError` as a call does; what fails later is thrown by
    /// the body.
    func stream(_ path: String) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        let request = OutgoingRequest(
            url: endpoint + path, headers: ["x-token": token, "accept": "text/event-stream"], timeout: Self.timeout)
        let response = try await Self.translatingFailures { try await requester.stream(request) }
        guard response.status == 200 else {
            let body = try? await IncomingBody(response.body).collect(upTo: 1 << 16)
            throw Self.refusal(response.status, body.flatMap { try? JSON(parsing: $0) })
        }
        return response.body
    }

    private static func translatingFailures<Response>(_ send: () async throws -> Response) async throws -> Response {
        do {
            return try await send()
        } catch let failure as RequestFailure {
            throw ControlPlaneError(failure.kind == .badURL ? .rejected : .unavailable, "\(failure)")
        }
    }

    private static func refusal(_ status: Int, _ answer: JSON?) -> ControlPlaneError {
        let reason = answer?["message"]?.stringValue ?? "without a reason"
        return ControlPlaneError(kind(status), "Keptn answered \(status): \(reason)")
    }

    /// A conflict is a subscription that the server does not have open, because it was restarted: the next poll
    /// opens it.
    private static func kind(_ status: Int) -> ControlPlaneError.Kind {
        switch status {
        case 404: .notFound
        case 408, 409, 425, 429, 500...: .unavailable
        default: .rejected
        }
    }
}
