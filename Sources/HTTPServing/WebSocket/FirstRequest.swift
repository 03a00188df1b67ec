/// What the first bytes of a connection are looked at for.
package enum FirstRequest {
    /// A head that is longer is served as plain HTTP.
    package static let headMax = 16 << 10

    /// Whether a connection begins with a request to open a WebSocket (RFC 6455 section 4.1); nil while that cannot be
    /// told yet.
    package static func opensWebSocket(_ bytes: some BidirectionalCollection<UInt8>) -> Bool? {
        let method = Array("GET ".utf8)
        guard bytes.prefix(method.count).elementsEqual(method.prefix(bytes.count)) else { return false }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if text.isEmpty { return false }
            if upgrades(text) { return true }
        }
        return bytes.count < headMax ? nil : false
    }

    private static func upgrades(_ line: some Collection<UInt8>) -> Bool {
        let name = "upgrade:"
        guard line.count > name.utf8.count,
            String(decoding: line.prefix(name.utf8.count), as: UTF8.self).lowercased() == name
        else { return false }
        let value = String(decoding: line.dropFirst(name.utf8.count), as: UTF8.self).lowercased()
        return value.split { ", \t".contains($0) }.contains("websocket")
    }
}
