import Crypto

/// Ids that are the same whenever the same thing is sent: what is sent twice, because of a crash in between, is one
/// event to Keptn.
enum EventIdentity {
    /// The id of what an integration sends because of a `.triggered` event. `part` tells several of one kind apart.
    ///
    /// A UUID of version 8 (RFC 9562 section 5.8) from the SHA-256 of all that. It begins as the id that it answers
    /// where that begins with the time (version 7), so that the ids of one time stand side by side in an index.
    static func id(answering triggeredID: String, by integration: String, kind: String, part: String = "") -> String {
        let name = [triggeredID, integration, kind, part].joined(separator: "\n")
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(data: Array(name.utf8)).prefix(16)
        var hex = hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        hex[12] = UInt8(ascii: "8")
        hex[16] = digits[8 + Int(hex[16] & 3)]
        if let time = time(of: triggeredID) { hex.replaceSubrange(0..<12, with: time) }
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { hex[$0] }
        return String(decoding: Array(groups.joined(separator: [UInt8(ascii: "-")])), as: UTF8.self)
    }

    /// The first 12 digits of a UUID of version 7.
    private static func time(of id: String) -> [UInt8]? {
        let text = Array(id.utf8)
        guard text.count == 36, text[8] == UInt8(ascii: "-"), text[13] == UInt8(ascii: "-"),
            text[14] == UInt8(ascii: "7")
        else { return nil }
        let time = Array(text[..<8] + text[9..<13])
        let isHex = time.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isHex ? time : nil
    }
}
