import CBridgeFiles
import CloudEvents
import Crypto

/// The files of the client in `Client/`, compiled into the program.
struct BridgeFiles: Sendable {
    struct File: Sendable {
        let bytes: [UInt8]
        let contentType: String
        /// Strong (RFC 9110 section 8.8.3): the beginning of the SHA-256 of the bytes.
        let tag: String
    }

    /// By their paths.
    private let files: [String: File]

    static let page = "index.html"

    init() {
        var files: [String: File] = [:]
        for index in 0..<keptn_bridge_file_count() {
            let file = keptn_bridge_file_at(index)
            let path = String(cString: file.path)
            let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
            let hash = SHA256.hash(data: bytes).prefix(16)
            files[path] = File(
                bytes: bytes, contentType: Self.contentType(of: path), tag: "\"\(Base64.encodeURL(Array(hash)))\"")
        }
        self.files = files
    }

    /// The file at a path. Every path without a known ending belongs to the client's router, which is in the page.
    func file(at path: String) -> File? {
        if let file = files[path] { return file }
        let isFile = Self.types.keys.contains { path.hasSuffix(".\($0)") } && !path.hasPrefix("project/")
        return isFile ? nil : files[Self.page]
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    private static func contentType(of path: String) -> String {
        path.split(separator: ".").last.flatMap { types[String($0)] } ?? "application/octet-stream"
    }
}
