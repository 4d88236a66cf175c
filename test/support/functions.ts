import { at, type Deployed, list, type Resource, text } from './template';

/** The function's role. */
export function roleOf(deployed: Deployed, fn: Resource): Resource {
  const id = text(at(fn.Properties.Role, 'Fn::GetAtt', 0));
  const role = deployed.resources.find((resource) => resource.stack === fn.stack && resource.id === id);
  if (!role) throw new Error(`${fn.id} has no role in its own stack`);
  return role;
}

/** The statements of every policy that is attached to a role. */
export const statementsOf = (deployed: Deployed, role: Resource): readonly unknown[] =>
  deployed
    .of('AWS::IAM::Policy')
    .filter(({ stack, Properties }) => stack === role.stack && JSON.stringify(Properties.Roles).includes(role.id))
    .flatMap(({ Properties }) => list(at(Properties.PolicyDocument, 'Statement')));

/** A function's name as a reader of the code knows it: `Services Auth/Token…` is `AuthTokenAuthorizer`. */
export const nameOf = ({ id, stack }: Resource) => `${stack} ${id.replace(/(Function)?[0-9A-F]{8}$/, '')}`;
