import CloudEvents
import GoTemplate
package import KeptnModel

/// A request of a webhook with everything filled in, ready to be sent.
package struct WebhookRequest: Sendable, Hashable {
    package private(set) var method: WebhookSpec.Method
    package private(set) var target: WebTarget
    package private(set) var headers: [WebhookSpec.Header]
    package private(set) var body: String?
    package let proxy: WebTarget?
    /// For the whole request, with its redirects.
    package let timeout: Duration
    package let followsRedirects: Bool

    /// Fills in the templates. Throws when one needs what is not in the data, or what comes out is no request.
    init(_ request: WebhookSpec.Request, data: JSON) throws(WebhookMistake) {
        func filled(_ text: String, _ what: String) throws(WebhookMistake) -> String {
            do throws(TemplateMistake) {
                return try Template(text).rendered(with: data)
            } catch {
                throw WebhookMistake("\(what): \(error)")
            }
        }
        let target = try WebTarget(Self.trimmed(try filled(request.url, "url")))
        method = request.method
        self.target = target
        (timeout, followsRedirects) = (request.timeout, request.followsRedirects)
        proxy = try request.proxy.map { text throws(WebhookMistake) in
            try WebTarget(Self.trimmed(try filled(text, "proxy")))
        }
        headers = []
        body = nil
        for header in request.headers {
            let value = Self.trimmed(try filled(header.value, "header \(header.name)"))
            try Self.check(header.name, value)
            headers.append(.init(name: header.name, value: value))
        }
        var credentials = target.credentials
        if let text = request.credentials { credentials = try filled(text, "user") }
        if let credentials, !has("authorization") {
            headers.append(.init(name: "Authorization", value: "Basic \(Base64.encode(credentials.utf8))"))
        }
        if let text = request.body {
            body = try filled(text, "payload")
            // What curl sends, unless it is told otherwise.
            if !has("content-type") {
                headers.append(.init(name: "Content-Type", value: "application/x-www-form-urlencoded"))
            }
        }
    }

    /// The request with a note that it may have been made before, by a process that was not heard of again.
    package func markedAsRepeated() -> WebhookRequest {
        var request = self
        request.headers.append(.init(name: "Keptn-Repeated", value: "true"))
        return request
    }

    private func has(_ header: String) -> Bool { headers.contains { $0.name.lowercased() == header } }

    /// The tokens and encoded passwords in its headers.
    var authorizations: [String] {
        headers.filter { $0.name.lowercased() == "authorization" }
            .compactMap { $0.value.split(separator: " ").last.map { String($0) } }
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        return String(String(text.drop(while: isSpace).reversed()).drop(while: isSpace).reversed())
    }

    /// A line's end in a value would begin another header; and where a request ends is not for its author to say.
    private static func check(_ name: String, _ value: String) throws(WebhookMistake) {
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
        let isOurs = ["content-length", "transfer-encoding", "connection", "upgrade"].contains(name.lowercased())
        guard isName, !name.isEmpty, !isOurs else { throw WebhookMistake("'\(name)' cannot be the name of a header") }
        guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
            throw WebhookMistake("the value of the header \(name) has more than one line, or a control character")
        }
    }

    /// The request that an answer with a redirect asks for; nil when the answer is none. What only the first host may
    /// know (authorization, cookies, and all that a template filled in) does not go to another one.
    package func redirected(status: Int, location: String?) throws(WebhookMistake) -> WebhookRequest? {
        guard followsRedirects, [301, 302, 303, 307, 308].contains(status), let location else { return nil }
        let next = try target.following(location)
        let keepsBody = status >= 307 || method == .get || method == .head
        let isSameOrigin = next.origin == target.origin
        if keepsBody, body != nil, !isSameOrigin {
            throw WebhookMistake(
                "the answer sends the payload on to another host, \(next.origin); call that one instead")
        }
        var request = self
        request.target = next
        if !isSameOrigin { request.headers = [] }
        if !keepsBody { (request.method, request.body) = (.get, nil) }
        return request
    }
}
