// read_ion.mjs - Ion text on standard input, as ion-js reads it, to a line of DynamoDB JSON for each value.
import { readFileSync } from "node:fs";
import { loadAll, IonTypes } from "ion-js";

const scalars = new Map([
    [IonTypes.STRING, (value) => ({ S: value.stringValue() })],
    [IonTypes.DECIMAL, (value) => ({ N: value.decimalValue().toString() })],
    [IonTypes.BLOB, (value) => ({ B: Buffer.from(value.uInt8ArrayValue()).toString("base64") })],
    [IonTypes.BOOL, (value) => ({ BOOL: value.booleanValue() })],
    [IonTypes.NULL, () => ({ NULL: true })],
]);

function attribute(value) {
    const type = value.getType();
    if (type === IonTypes.STRUCT) return { M: struct(value) };
    if (type === IonTypes.LIST) {
        const members = value.elements().map(attribute);
        const [annotation] = value.getAnnotations();
        if (annotation === undefined) return { L: members };
        const kind = annotation.replace("$dynamodb_", "");
        return { [kind]: members.map((member) => member[kind[0]]) };
    }
    if (!scalars.has(type)) throw new Error(`an Ion ${type.name}`);
    return scalars.get(type)(value);
}

function struct(value) {
    return Object.fromEntries(value.fields().map(([name, inner]) => [name, attribute(inner)]));
}

for (const value of loadAll(readFileSync(0, "utf-8"))) {
    const line = {};
    for (const [name, inner] of value.fields())
        line[name] = name === "Record"
            ? Object.fromEntries(inner.fields().map(([part, image]) => [part, struct(image)]))
            : struct(inner);
    console.log(JSON.stringify(line));
}
