internal import FoundationEssentials

/// Base64 (RFC 4648 section 4), the form in which Keptn's API carries file contents.
public enum Base64 {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// Nil when the text is not Base64; line breaks and blanks around it are allowed.
    public static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text, options: .ignoreUnknownCharacters).map(Array.init)
    }
}
