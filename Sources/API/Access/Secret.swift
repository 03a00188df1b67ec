import CloudEvents
import Crypto

/// Texts that open something: nobody can guess them, and only their hashes are kept.
enum Secret {
    /// 256 random bits, in the alphabet of URLs.
    static func newText() -> String {
        Base64.encodeURL(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    }

    static func hash(of text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }
}
