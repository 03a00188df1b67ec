import Crypto

/// Ids that are the same whenever the same thing is sent: what is sent twice, because of a crash in between, is one
/// event to Keptn.
enum EventIdentity {
    /// Chosen once, at random.
    private static let namespace: [UInt8] = [
        0x5B, 0x1F, 0xC6, 0x0E, 0x94, 0x2D, 0x4A, 0x77, 0xA3, 0x58, 0x0D, 0xE1, 0x6B, 0x82, 0xF4, 0x39,
    ]

    /// The id of what an integration sends because of a `.triggered` event. `part` tells several of one kind apart.
    static func id(answering triggeredID: String, by integration: String, kind: String, part: String = "") -> String {
        uuid5([triggeredID, integration, kind, part].joined(separator: "\n"), in: namespace)
    }

    /// A version 5 UUID (RFC 4122 section 4.3), in lower case.
    static func uuid5(_ name: String, in namespace: [UInt8]) -> String {
        var bytes = Array(Insecure.SHA1.hash(data: namespace + Array(name.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
