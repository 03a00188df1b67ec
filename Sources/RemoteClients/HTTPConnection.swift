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
        let response: IncomingResponse
        do {
            response = try await requester.send(request)
        } catch let failure as RequestFailure {
            throw ControlPlaneError(failure.kind == .badURL ? .rejected : .unavailable, "\(failure)")
        }
        let answer = try? JSON(parsing: response.body)
        guard (200..<300).contains(response.status) else {
            let reason = answer?["message"]?.stringValue ?? "without a reason"
            throw ControlPlaneError(Self.kind(response.status), "Keptn answered \(response.status): \(reason)")
        }
        return answer ?? .emptyObject
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
