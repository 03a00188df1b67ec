/// An absolute `http` or `https` URL, taken apart.
///
/// It is strict, as the host that is checked has to be the one that is connected to: what two parsers might read in two
/// ways is refused.
package struct WebTarget: Sendable, Hashable {
    package let scheme: String
    /// In lower case, without brackets and without a dot at the end.
    package let host: String
    package let port: Int
    /// `name:password`, decoded, where the URL has them.
    package let credentials: String?
    /// From the slash on, with the query.
    package let path: String

    /// Throws a sentence for what is no such URL. As curl does, `http` is taken where no scheme stands.
    package init(_ text: String) throws(WebhookMistake) {
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) else {
            throw WebhookMistake("the URL '\(text)' has white space or a backslash in it; write %20 or %5C")
        }
        var rest = text[...]
        // What stands later, in a query, is another URL's.
        if let separator = text.firstRange(of: "://"),
            !text[..<separator.lowerBound].contains(where: { "/?#".contains($0) })
        {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        } else {
            scheme = "http"
        }
        guard scheme == "http" || scheme == "https" else {
            throw WebhookMistake("the URL '\(text)' begins with '\(scheme)'; http and https can be called")
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count).prefix { $0 != "#" }
        self.path = Self.encoded(path.hasPrefix("/") ? String(path) : "/" + path)
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let place = parts.last else {
            throw WebhookMistake("the URL '\(text)' has '@' twice in front of its path; write %40")
        }
        credentials = parts.count == 2 ? Self.decoded(parts[0]) : nil
        guard let (host, port) = Self.place(place, defaultPort: scheme == "http" ? 80 : 443) else {
            throw WebhookMistake("the URL '\(text)' has no host and port that can be called: '\(place)'")
        }
        (self.host, self.port) = (host, port)
    }

    /// `name`, `name:8080`, `1.2.3.4`, `[::1]:8080`.
    private static func place(_ text: Substring, defaultPort: Int) -> (String, Int)? {
        let name: Substring
        let behind: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<end]
            behind = text[text.index(after: end)...]
            guard name.contains(":"), IPAddress(String(name)) != nil else { return nil }
        } else {
            name = text.prefix { $0 != ":" }
            behind = text.dropFirst(name.count)
            guard name.utf8.allSatisfy({ isNameByte($0) }) else { return nil }
        }
        let host = (name.hasSuffix(".") ? name.dropLast() : name).lowercased()
        guard !host.isEmpty, !host.hasPrefix("."), !host.hasSuffix("."), !host.contains("..") else { return nil }
        if behind.isEmpty || behind == ":" { return (host, defaultPort) }
        guard behind.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }), behind.hasPrefix(":"),
            let port = Int(behind.dropFirst()), (1...65535).contains(port)
        else { return nil }
        return (host, port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// With the characters that a URL cannot have as codes.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            byte >= 0x80 || "\"<>^`{|}".utf8.contains(byte)
                ? "%" + String(byte, radix: 16, uppercase: true) : String(Unicode.Scalar(byte))
        }.joined()
    }

    private static func decoded(_ text: Substring) -> String {
        var out: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                out.append(code)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Without credentials.
    package var url: String { origin + path }

    /// Scheme, host and port.
    package var origin: String {
        let isDefault = port == (scheme == "http" ? 80 : 443)
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(isDefault ? "" : ":\(port)")"
    }

    /// What a `Location` of an answer means.
    package func following(_ location: String) throws(WebhookMistake) -> WebTarget {
        if location.hasPrefix("//") { return try WebTarget("\(scheme):\(location)") }
        if location.prefix(while: { !"/?#".contains($0) }).contains(":") { return try WebTarget(location) }
        if location.hasPrefix("/") { return try WebTarget(origin + location) }
        let folder = path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return try WebTarget(origin + folder.joined(separator: "/") + "/" + location)
    }
}

/// Why a webhook's request cannot be made, in one sentence.
package struct WebhookMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
