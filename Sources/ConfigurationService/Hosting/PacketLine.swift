import Ports

/// Git's framing (gitprotocol-common(5)): a line begins with its length, four hexadecimal digits that count
/// themselves; `0000` ends a section.
enum PacketLine {
    static let flush = Array("0000".utf8)
    private static let lengthDigits = 4
    /// What a line of the largest length carries.
    static let payloadMax = 65_516

    static func encode(_ payload: some Collection<UInt8>) -> [UInt8] {
        let digits = String(payload.count + lengthDigits, radix: 16)
        return Array((String(repeating: "0", count: lengthDigits - digits.count) + digits).utf8) + payload
    }

    static func encode(_ text: String) -> [UInt8] { encode(text.utf8) }

    /// The first line of the bytes and how long it is with its digits; nil while it is not all there.
    /// Its payload is nil where a section ends.
    static func first(in bytes: ArraySlice<UInt8>) throws(KeptnError) -> (payload: ArraySlice<UInt8>?, length: Int)? {
        guard bytes.count >= lengthDigits else { return nil }
        let digits = bytes.prefix(lengthDigits)
        guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let length = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw malformed("a line's length is '\(String(decoding: digits, as: UTF8.self))'") }
        if length == 0 { return (nil, lengthDigits) }
        guard length >= lengthDigits else { throw malformed("a line's length is \(length)") }
        guard bytes.count >= length else { return nil }
        return (bytes.dropFirst(lengthDigits).prefix(length - lengthDigits), length)
    }

    static func malformed(_ what: String) -> KeptnError {
        KeptnError(.invalidInput, "this is not what Git sends: \(what)")
    }
}

/// Reads the lines at the beginning of a body, and hands out what follows them.
struct PacketReader {
    private var chunks: any AsyncIteratorProtocol<[UInt8], any Error>
    private var buffer: ArraySlice<UInt8> = []

    init(_ body: IncomingBody) { chunks = body.chunks.makeAsyncIterator() }

    /// The lines up to the end of a section; none when the body is empty.
    mutating func section(upTo bytesMax: Int) async throws -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var count = 0
        while true {
            guard let (payload, length) = try PacketLine.first(in: buffer) else {
                guard let more = try await chunks.next(isolation: nil) else {
                    if lines.isEmpty, buffer.isEmpty { return [] }
                    throw PacketLine.malformed("it ends in the middle of a section")
                }
                buffer += more
                continue
            }
            buffer = buffer.dropFirst(length)
            guard let payload else { return lines }
            count += length
            guard count <= bytesMax else {
                throw KeptnError(.tooLarge, "the list of what is pushed is longer than \(bytesMax) bytes")
            }
            lines.append(payload)
        }
    }

    /// The next bytes behind the sections; nil at the end.
    mutating func rest() async throws -> [UInt8]? {
        guard buffer.isEmpty else {
            defer { buffer = [] }
            return Array(buffer)
        }
        return try await chunks.next(isolation: nil)
    }
}
