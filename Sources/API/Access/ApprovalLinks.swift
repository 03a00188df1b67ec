package import CloudEvents
import Crypto
import KeptnModel
import Ports

/// Links by which one named person answers one approval, without a token: what they allow stands in them, signed with
/// HMAC-SHA256, so that nothing is stored for them.
package struct ApprovalLinks: Sendable {
    package struct Content: Sendable, Hashable {
        /// The id of the `approval.triggered` event.
        package var approval: String
        package var project: String
        /// In whose name it answers.
        package var person: String
        /// From then on it is worth nothing; to the second.
        package var expires: Timestamp

        package init(approval: String, project: String, person: String, expires: Timestamp) {
            self.approval = approval
            self.project = project
            self.person = person
            self.expires = expires
        }
    }

    private let key: SymmetricKey

    /// - Parameter secret: What the key is derived from; without one the links are good until the server ends.
    package init(secret: [UInt8]? = nil) {
        key =
            secret.map {
                HKDF<SHA256>.deriveKey(
                    inputKeyMaterial: SymmetricKey(data: $0), info: Array("keptn approval links".utf8),
                    outputByteCount: 32)
            } ?? SymmetricKey(size: .bits256)
    }

    /// The part of the link that says and proves it: two Base64 texts, joined by a point.
    package func text(of content: Content) -> String {
        let body = JSON.array([
            .string(content.approval), .string(content.project), .string(content.person),
            .integer(content.expires.nanoseconds / 1_000_000_000),
        ])
        let signature = HMAC<SHA256>.authenticationCode(for: Array(body.bytes), using: key)
        return Base64.encodeURL(body.bytes) + "." + Base64.encodeURL(Array(signature))
    }

    /// Throws `KeptnError.forbidden` for what was not made here, and for what is over.
    package func content(of text: String, at now: Timestamp) throws -> Content {
        let wrong = KeptnError(.forbidden, "this link was not made by this server, or was changed on its way")
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let body = Base64.decodeURL(parts[0]), let signature = Base64.decodeURL(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: body, using: key)
        else { throw wrong }
        guard let fields = try? JSON(parsing: body).elements, fields.count == 4,
            let approval = fields[0].stringValue, let project = fields[1].stringValue,
            let person = fields[2].stringValue, let seconds = fields[3].intValue
        else { throw wrong }
        let expires = Timestamp(seconds: Int64(seconds))
        guard now < expires else { throw KeptnError(.forbidden, "this link was good until \(expires.rfc3339)") }
        return Content(approval: approval, project: project, person: person, expires: expires)
    }
}
