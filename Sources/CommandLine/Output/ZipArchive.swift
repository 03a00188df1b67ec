/// A ZIP archive whose entries are stored as they are (APPNOTE 6.3.10), in memory.
struct ZipArchive {
    private var body: [UInt8] = []
    private var directory: [UInt8] = []
    private var entries: UInt16 = 0

    /// - Parameter name: the entry's path, with `/` between folders.
    mutating func add(_ name: String, _ content: [UInt8]) {
        let offset = UInt32(body.count)
        var entry: [UInt8] = []
        // Version 2.0, names in UTF-8, stored, at the first moment that the format knows.
        entry += Self.bytes(UInt16(20)) + Self.bytes(UInt16(1 << 11)) + Self.bytes(UInt16(0))
        entry += Self.bytes(UInt16(0)) + Self.bytes(UInt16(1 << 5 | 1))
        entry += Self.bytes(Self.checksum(content))
        entry += Self.bytes(UInt32(content.count)) + Self.bytes(UInt32(content.count))
        entry += Self.bytes(UInt16(name.utf8.count)) + Self.bytes(UInt16(0))
        body += Self.bytes(UInt32(0x0403_4B50)) + entry + Array(name.utf8) + content
        directory += Self.bytes(UInt32(0x0201_4B50)) + Self.bytes(UInt16(20)) + entry
        // No comment, the first disk, no attributes.
        directory += [UInt8](repeating: 0, count: 10) + Self.bytes(offset) + Array(name.utf8)
        entries += 1
    }

    /// The whole archive.
    var encoded: [UInt8] {
        var end = Self.bytes(UInt32(0x0605_4B50)) + [0, 0, 0, 0]
        end += Self.bytes(entries) + Self.bytes(entries)
        end += Self.bytes(UInt32(directory.count)) + Self.bytes(UInt32(body.count)) + [0, 0]
        return body + directory + end
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// CRC-32 (ISO 3309).
    private static func checksum(_ content: [UInt8]) -> UInt32 {
        ~content.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }

    private static let table = (0..<256 as Range<UInt32>).map { start in
        (0..<8).reduce(start) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}
