import ArgumentParser
import CloudEvents

/// The commands and their flags, as the parser itself tells them: the one source of manual pages and documents.
struct CommandTree {
    struct Argument {
        /// `-p, --project`, or the name of a value.
        var label: String
        var help: String
    }

    var path: [String]
    var abstract: String
    var discussion: String
    var arguments: [Argument]
    var children: [CommandTree]

    /// What `keptn` takes.
    static func keptn() throws -> CommandTree {
        let root = try JSON(parsing: KeptnCommand._dumpHelp())["command"] ?? .emptyObject
        return CommandTree(root, above: [])
    }

    private init(_ json: JSON, above: [String]) {
        path = above + [json.text("commandName")]
        abstract = json.text("abstract")
        discussion = json.text("discussion")
        arguments = (json["arguments"]?.elements ?? []).filter { $0["shouldDisplay"]?.boolValue ?? true }.map {
            Argument(label: Self.label($0), help: $0.text("abstract"))
        }
        let path = path
        children = (json["subcommands"]?.elements ?? [])
            .filter { $0["shouldDisplay"]?.boolValue ?? true && $0.text("commandName") != "help" }
            .map { CommandTree($0, above: path) }
    }

    private static func label(_ argument: JSON) -> String {
        let value = argument.text("valueName")
        guard argument.text("kind") != "positional" else { return value.uppercased() }
        let names = (argument["names"]?.elements ?? []).map { name in
            (name.text("kind") == "long" ? "--" : "-") + name.text("name")
        }
        let flags = names.joined(separator: ", ")
        return argument.text("kind") == "option" ? "\(flags) \(value.uppercased())" : flags
    }

    /// This command and all below it.
    var all: [CommandTree] { [self] + children.flatMap(\.all) }

    /// The name of a file about it, without an ending: `keptn-get-projects`.
    var fileName: String { path.joined(separator: "-") }
    var name: String { path.joined(separator: " ") }
}

// MARK: - As text

extension CommandTree {
    /// A manual page (man(7)).
    var manualPage: String {
        var lines = [
            ".TH \"\(fileName.uppercased())\" 1", ".SH NAME", "\(Self.roff(name)) \\- \(Self.roff(abstract))",
        ]
        if !discussion.isEmpty {
            lines += [".SH DESCRIPTION", ".nf"] + discussion.split(separator: "\n").map { Self.roff(String($0)) }
            lines.append(".fi")
        }
        if !arguments.isEmpty { lines.append(".SH OPTIONS") }
        for argument in arguments {
            lines += [".TP", "\\fB\(Self.roff(argument.label))\\fR", Self.roff(argument.help)]
        }
        if !children.isEmpty { lines.append(".SH COMMANDS") }
        for child in children { lines += [".TP", "\\fB\(Self.roff(child.name))\\fR(1)", Self.roff(child.abstract)] }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A page of Markdown.
    var markdown: String {
        var lines = ["# \(name)", "", abstract, ""]
        if !discussion.isEmpty { lines += ["```", discussion, "```", ""] }
        if !arguments.isEmpty { lines += ["| flag | meaning |", "|---|---|"] }
        for argument in arguments {
            lines.append("| `\(argument.label)` | \(argument.help.split(separator: "|").joined(separator: "\\|")) |")
        }
        if !children.isEmpty { lines.append("") }
        for child in children { lines.append("- [\(child.name)](\(child.fileName).md): \(child.abstract)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Text that roff takes as it is: a dot or an apostrophe at the beginning of a line would be a request.
    private static func roff(_ text: String) -> String {
        var out = text.first == "." || text.first == "'" ? "\\&" : ""
        for character in text {
            switch character {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            case "\n": out += " "
            default: out.append(character)
            }
        }
        return out
    }
}
