/// Names something that can be deployed by its content: `carts@sha256:2c26b4…`. It is what stands in a deployment's
/// `configurationChange.values.image`.
package struct ArtifactReference: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file name it was uploaded under.
    package let name: String
    /// SHA-256 of the uploaded bytes: 64 lower case hexadecimal digits.
    package let digest: String

    package static let nameLengthMax = 128

    /// Nil when the name could not be a file's or the digest is none.
    package init?(name: String, digest: String) {
        guard Self.isFileName(name), digest.utf8.count == 64, digest.utf8.allSatisfy(Self.isHex) else { return nil }
        self.name = name
        self.digest = digest
    }

    /// Reads `NAME@sha256:HEX`.
    package init?(_ text: String) {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let algorithm = text[text.index(after: at)...]
        guard algorithm.hasPrefix("sha256:") else { return nil }
        self.init(name: String(text[..<at]), digest: String(algorithm.dropFirst("sha256:".count)))
    }

    package var description: String { "\(name)@sha256:\(digest)" }

    /// Letters, digits, `.`, `_`, `-` and `+`, not beginning with a dot: safe as one component of a path.
    package static func isFileName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= nameLengthMax, !name.hasPrefix(".") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._-+".utf8.contains(byte)
            }
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
