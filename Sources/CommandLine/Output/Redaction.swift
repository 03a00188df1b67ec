import CloudEvents

/// Takes out of a text or a document what somebody could log in with.
struct Redaction {
    /// Texts that are known to be secret.
    var known: [String] = []

    static let mark = "***"

    /// What is secret by the name of its member.
    private static let names = [
        "token", "passw", "secret", "apikey", "api-key", "credential", "privatekey", "certificate",
    ]

    func callAsFunction(_ json: JSON, member: String = "") -> JSON {
        switch json.kind {
        case .object:
            return .object(json.members.map { (key: $0.key, value: self($0.value, member: $0.key)) })
        case .array:
            return .array(json.elements.map { self($0, member: member) })
        case .string:
            let text = json.stringValue ?? ""
            let name = member.lowercased()
            let isSecret = Self.names.contains { name.contains($0) } && !text.isEmpty
            return .string(isSecret ? Self.mark : self(text))
        default:
            return json
        }
    }

    func callAsFunction(_ text: String) -> String {
        var text = text
        for secret in known where !secret.isEmpty { text = text.replacing(secret, with: Self.mark) }
        text = text.replacing(#/keptn_[A-Za-z0-9_\-]{16,}/#, with: Self.mark)
        text = text.replacing(
            #/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)/#.dotMatchesNewlines(),
            with: Self.mark)
        text = text.replacing(#/(\w://)[^\/\s@]+@/#) { "\($0.1)\(Self.mark)@" }
        text = text.replacing(#/\b(bearer|basic) +[A-Za-z0-9._~+\/=\-]+/#.ignoresCase()) { "\($0.1) \(Self.mark)" }
        let named =
            #/([\w\-]*(?:token|passw|secret|api-?key|credential|authorization)[\w\-]*["']?\s*[:=]\s*["']?)[^\s"',;&]+/#
        return text.replacing(named.ignoresCase()) { "\($0.1)\(Self.mark)" }
    }
}
