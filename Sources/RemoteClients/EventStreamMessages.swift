/// Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into its messages.
package struct EventStreamMessages: Sendable {
    package struct Message: Sendable, Hashable {
        package var id = ""
        package var event = ""
        package var data: [UInt8] = []

        package init(id: String = "", event: String = "", data: [UInt8] = []) {
            self.id = id
            self.event = event
            self.data = data
        }
    }

    /// What came behind the last whole line.
    private var rest: [UInt8] = []
    private var message = Message()

    package init() {}

    /// The messages that this chunk completes; those without data say nothing.
    package mutating func take(_ chunk: some Sequence<UInt8>) -> [Message] {
        let searched = rest.count
        rest += chunk
        var found: [Message] = []
        var start = 0
        for end in searched..<rest.count where rest[end] == UInt8(ascii: "\n") {
            if start == end {
                if !message.data.isEmpty { found.append(message) }
                message = Message()
            } else {
                take(line: rest[start..<end])
            }
            start = end + 1
        }
        rest.removeFirst(start)
        return found
    }

    private mutating func take(line: ArraySlice<UInt8>) {
        func value(_ field: StaticString) -> ArraySlice<UInt8>? {
            field.withUTF8Buffer { line.starts(with: $0) ? line.dropFirst($0.count) : nil }
        }
        if let data = value("data: ") {
            if !message.data.isEmpty { message.data.append(UInt8(ascii: "\n")) }
            message.data += data
        } else if let id = value("id: ") {
            message.id = String(decoding: id, as: UTF8.self)
        } else if let event = value("event: ") {
            message.event = String(decoding: event, as: UTF8.self)
        }
    }
}
