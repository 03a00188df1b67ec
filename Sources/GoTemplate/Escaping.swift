/// Text made harmless for where it goes, as Go does it.
package enum Escaping {
    package static func html(_ text: String) -> String {
        replacing(text) { scalar in
            switch scalar {
            case "\"": "&#34;"
            case "'": "&#39;"
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\0": "\u{FFFD}"
            default: nil
            }
        }
    }

    /// For the inside of a JavaScript string.
    static func javaScript(_ text: String) -> String {
        replacing(text) { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "'": "\\'"
            case "\"": "\\\""
            case "<", ">", "&", "=": "\\u\(hex(scalar.value, digits: 4))"
            default:
                (scalar.isASCII ? scalar >= " " : scalar.isPrintable) ? nil : "\\u\(hex(scalar.value, digits: 4))"
            }
        }
    }

    /// For a part of a URL's query.
    package static func query(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): out += "+"
            default: out += "%\(hex(byte, digits: 2))"
            }
        }
        return out
    }

    private static func replacing(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let text = replacement(scalar) {
                out.append(contentsOf: text.unicodeScalars)
            } else {
                out.append(scalar)
            }
        }
        return String(out)
    }
}

extension Unicode.Scalar {
    /// Letters, marks, numbers, punctuation, symbols, and the space of ASCII.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
