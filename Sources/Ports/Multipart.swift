/// The fields of a form with files (RFC 7578).
package enum Multipart {
    /// Longer boundaries are none (RFC 2046 section 5.1.1); looking for them could take very long, too.
    private static let boundaryMax = 70

    /// The value of `boundary` in a content type; nil for anything but `multipart/form-data`.
    package static func boundary(of contentType: String) -> String? {
        let parts = contentType.split(separator: ";").map { $0.drop(while: \.isWhitespace) }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        for part in parts.dropFirst() where part.lowercased().hasPrefix("boundary=") {
            let value = part.dropFirst("boundary=".count)
            let bare = value.hasPrefix("\"") ? value.dropFirst().prefix { $0 != "\"" } : value
            return (1...boundaryMax).contains(bare.utf8.count) ? String(bare) : nil
        }
        return nil
    }

    /// The content of the first field of this name; nil when there is none.
    package static func field(_ name: String, in body: [UInt8], boundary: String) -> ArraySlice<UInt8>? {
        let mark = Array("--\(boundary)".utf8)
        let lineEnd = Array("\r\n".utf8)
        guard var start = range(of: mark, in: body[...])?.upperBound else { return nil }
        while let end = range(of: lineEnd + mark, in: body[start...]) {
            if let headEnd = range(of: lineEnd + lineEnd, in: body[start..<end.lowerBound]) {
                let head = String(decoding: body[start..<headEnd.lowerBound], as: UTF8.self)
                if names(head).contains(name) { return body[headEnd.upperBound..<end.lowerBound] }
            }
            start = end.upperBound
        }
        return nil
    }

    /// What the headers of one part call it.
    private static func names(_ head: String) -> [String] {
        head.split(whereSeparator: \.isNewline).filter { $0.lowercased().hasPrefix("content-disposition:") }.flatMap {
            $0.split(separator: ";").map { $0.drop(while: \.isWhitespace) }.filter { $0.hasPrefix("name=") }.map {
                String($0.dropFirst("name=".count).filter { $0 != "\"" })
            }
        }
    }

    private static func range(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        guard let first = pattern.first else { return nil }
        var rest = bytes
        while let candidate = rest.firstIndex(of: first) {
            rest = rest[candidate...]
            if rest.starts(with: pattern) { return candidate..<(candidate + pattern.count) }
            rest = rest.dropFirst()
        }
        return nil
    }
}
