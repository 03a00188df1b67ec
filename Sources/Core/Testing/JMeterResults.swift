/// Reads the results that JMeter writes as CSV (RFC 4180), as they come, and counts them.
///
/// The first nine columns are those that JMeter 2.13 and 5.x write alike when asked for them: timeStamp, elapsed (in
/// milliseconds), label, responseCode, responseMessage, threadName, dataType, success, failureMessage. JMeter writes
/// the header line into files only, and not into a pipe: it is left out where it comes.
package struct JMeterResults: Sendable {
    package private(set) var report = LoadReport()

    /// So many bytes of one line are kept at most: no result is longer.
    private static let lineBytesMax = 1 << 20

    private var fields: [[UInt8]] = []
    private var field: [UInt8] = []
    private var lineBytes = 0
    private var isQuoted = false
    private var wasQuote = false

    package init() {}

    /// Throws `Unreadable` for what is no such line.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(Unreadable) {
        for byte in bytes { try read(byte) }
    }

    /// A last line without an end, as a tool leaves it that was killed, does not count.
    private mutating func read(_ byte: UInt8) throws(Unreadable) {
        lineBytes += 1
        guard lineBytes <= Self.lineBytesMax else { throw Unreadable("a line of more than 1 MiB") }
        if isQuoted, byte != UInt8(ascii: "\"") { return field.append(byte) }
        switch byte {
        case UInt8(ascii: "\""):
            // Two of them inside of a quoted field are one.
            if isQuoted {
                isQuoted = false
                wasQuote = true
                return
            }
            if wasQuote { field.append(byte) }
            isQuoted = true
        case UInt8(ascii: ","): endField()
        case UInt8(ascii: "\r"): break
        case UInt8(ascii: "\n"):
            endField()
            try endLine()
        default: field.append(byte)
        }
        wasQuote = false
    }

    private mutating func endField() {
        fields.append(field)
        field.removeAll(keepingCapacity: true)
    }

    private mutating func endLine() throws(Unreadable) {
        defer {
            fields.removeAll(keepingCapacity: true)
            lineBytes = 0
        }
        let line = fields.map { String(decoding: $0, as: UTF8.self) }
        guard line.first != "timeStamp", line != [""] else { return }
        guard line.count >= 8, let elapsed = Int(line[1]), elapsed >= 0, let isGood = Self.truth(line[7]) else {
            throw Unreadable("a line that is no result: \(line.joined(separator: ",").prefix(200))")
        }
        let said = line.count > 8 && !isGood && Int(line[8]) == nil ? line[8] : ""
        let reason = said.isEmpty ? "\(line[3]) \(line[4])" : said
        report.record(line[2], latency: .milliseconds(elapsed), problem: isGood ? nil : reason)
    }

    private static func truth(_ text: String) -> Bool? {
        switch text {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// The results cannot be understood.
    package struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String

        init(_ what: String) { description = "JMeter's results hold \(what)" }
    }
}
