import CloudEvents
import GoTemplate

/// Takes secrets out of texts that leave the server: messages, logs, and the answers of called tools.
package struct SecretMask: Sendable {
    private static let replacement = Array("***".utf8)

    /// Longest first, as one secret may be a part of another.
    private var forms: [[UInt8]] = []

    package init(_ secrets: some Sequence<String>) { add(secrets) }

    /// A secret is found as it is, and as JSON, HTML, URLs and Base64 write it.
    package mutating func add(_ secrets: some Sequence<String>) {
        var forms = Set(forms.map { String(decoding: $0, as: UTF8.self) })
        for secret in secrets where !secret.isEmpty {
            let json = String(JSON.string(secret).text.dropFirst().dropLast())
            let query = Escaping.query(secret)
            forms.formUnion([
                secret, json, json.replacing("/", with: "\\/"), Escaping.html(secret), query,
                query.replacing("+", with: "%20"), Base64.encode(secret.utf8),
            ])
        }
        self.forms = forms.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }.map { Array($0.utf8) }
    }

    /// By bytes: an accent behind a secret makes another character of its last letter.
    package func masked(_ text: String) -> String {
        String(decoding: forms.reduce(Array(text.utf8)) { $0.replacing($1, with: Self.replacement) }, as: UTF8.self)
    }
}
