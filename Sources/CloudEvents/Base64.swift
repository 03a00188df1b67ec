internal import FoundationEssentials

/// Base64 (RFC 4648 section 4), the form in which Keptn's API carries file contents.
public enum Base64 {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// Nil when the text is not Base64; only white space is passed over.
    public static func decode(_ text: String) -> [UInt8]? {
        let characters = text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        // Foundation lets padding stand in the middle.
        let padding = characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard !characters.dropLast(padding).contains(UInt8(ascii: "=")) else { return nil }
        return Data(base64Encoded: Data(characters)).map(Array.init)
    }

    /// The form for URLs, without padding (RFC 4648 section 5).
    public static func encodeURL(_ bytes: some Sequence<UInt8>) -> String {
        String(encode(bytes).filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// Nil when the text is not Base64 for URLs without padding, as JSON Web Tokens have it.
    public static func decodeURL(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.contains(where: { "+/=".contains($0) || $0.isWhitespace }), text.utf8.count % 4 != 1 else {
            return nil
        }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return decode(String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }) + padding)
    }
}
