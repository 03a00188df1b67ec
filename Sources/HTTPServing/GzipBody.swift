import CZlib
import Ports

/// A request's body that came with `Content-Encoding: gzip`, as Git sends it, in plain.
///
/// A little can become a lot (a thousandfold): it comes out in pieces, and whoever takes them counts, as with any body.
struct GzipBody: AsyncSequence, Sendable {
    typealias Failure = any Error

    let packed: any AsyncSequence<[UInt8], any Error> & Sendable

    func makeAsyncIterator() -> Iterator { Iterator(packed: packed.makeAsyncIterator(), inflation: Inflation()) }

    struct Iterator: AsyncIteratorProtocol {
        var packed: any AsyncIteratorProtocol<[UInt8], any Error>
        let inflation: Inflation?

        mutating func next() async throws -> [UInt8]? {
            guard let inflation else { throw KeptnError(.unavailable, "there is no memory to unpack the body") }
            while true {
                if let piece = try inflation.next() { return piece }
                guard let chunk = try await packed.next(isolation: nil) else {
                    guard inflation.isAtEnd else { throw Inflation.broken("it ends too early") }
                    return nil
                }
                inflation.feed(chunk)
            }
        }
    }
}

/// zlib's state of one stream of gzip members.
final class Inflation {
    private static let pieceBytes = 64 << 10

    private let stream: UnsafeMutablePointer<z_stream>
    private var offset = 0
    /// Whether all that came belongs to whole members.
    private(set) var isAtEnd = true
    private var input: [UInt8] = []

    /// Nil when there is no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard keptn_inflate_gzip_init(stream) == Z_OK else {
            stream.deinitialize(count: 1).deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1).deallocate()
    }

    /// Takes more, once all before it is used up.
    func feed(_ bytes: [UInt8]) { (input, offset) = (bytes, 0) }

    /// The next plain bytes; nil when more input is needed.
    func next() throws -> [UInt8]? {
        while offset < input.count || !isAtEnd {
            if isAtEnd { inflateReset(stream) }
            let (piece, code) = step()
            isAtEnd = code == Z_STREAM_END
            // Z_BUF_ERROR: nothing can be done without more input.
            guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code) else {
                throw Self.broken(stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(code)")
            }
            if !piece.isEmpty { return piece }
            if code == Z_BUF_ERROR || (offset == input.count && !isAtEnd) { return nil }
        }
        return nil
    }

    private func step() -> (piece: [UInt8], code: Int32) {
        var code = Z_OK
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress.map { $0 + offset }
                stream.pointee.avail_in = UInt32(input.count - offset)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                code = inflate(stream, Z_NO_FLUSH)
                offset = input.count - Int(stream.pointee.avail_in)
                count = output.count - Int(stream.pointee.avail_out)
            }
        }
        return (piece, code)
    }

    static func broken(_ reason: String) -> KeptnError {
        KeptnError(.invalidInput, "the body is not gzip, as its Content-Encoding says: \(reason)")
    }
}
